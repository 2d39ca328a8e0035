-- Takes 0023_audit_trail back: audit rows are found by subject alone, and users do not know the job that deletes them.
DROP INDEX public.audit_log_by_action;
DROP INDEX public.audit_log_by_request;
DROP INDEX public.audit_log_by_actor_key;
DROP INDEX public.audit_log_by_actor_user;
DROP INDEX public.audit_log_by_subject_type;
DROP INDEX public.audit_log_by_subject_time;
DROP INDEX public.audit_log_by_time;
CREATE INDEX audit_log_by_subject ON public.audit_log USING btree (tenant_id, subject_id, seq);
ALTER TABLE public.users DROP COLUMN deletion_job_id;
