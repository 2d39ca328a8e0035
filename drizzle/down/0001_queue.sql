-- Takes 0001_queue back: schedules, limits, dependencies and steps with all rows. Jobs that wait for others begin at once.
ALTER TABLE public.jobs DROP CONSTRAINT jobs_dependencies_are_waited_for, DROP CONSTRAINT jobs_attempts_max_is_positive;
DROP INDEX public.jobs_running, public.jobs_due, public.jobs_by_batch, public.jobs_claim_order, public.jobs_by_subject,
	public.job_history_by_subject, public.job_history_by_batch, public.job_history_unsuccessful, public.job_history_runs;
UPDATE public.jobs SET status = 'queued' WHERE status = 'waiting';
ALTER TABLE public.jobs DROP COLUMN run_ms_max, DROP COLUMN steps, DROP COLUMN dependencies_open,
	DROP COLUMN dependency_failed, DROP COLUMN has_dependents;
ALTER TABLE public.job_history DROP COLUMN run_ms_max, DROP COLUMN leased_by, DROP COLUMN steps;
DROP TABLE public.job_dependencies, public.job_endings, public.job_kinds, public.job_tenant_limits, public.job_workers, public.job_schedules;
CREATE INDEX jobs_expired_leases ON public.jobs USING btree (lease_expires_at) WHERE status = 'running';
CREATE INDEX jobs_claim_order ON public.jobs USING btree (priority DESC, run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_by_subject ON public.jobs USING btree (tenant_id, subject_id);
CREATE INDEX job_history_by_subject ON public.job_history USING btree (tenant_id, subject_id);
ALTER TABLE public.jobs RESET (vacuum_truncate);
