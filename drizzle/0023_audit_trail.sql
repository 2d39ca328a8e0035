-- Of the same rows as audit_log_by_subject_time, in another order that nothing asks for.
DROP INDEX IF EXISTS "audit_log_by_subject";--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "deletion_job_id" uuid;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_time" ON "audit_log" USING btree ("tenant_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_subject_time" ON "audit_log" USING btree ("tenant_id","subject_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_subject_type" ON "audit_log" USING btree ("tenant_id","subject_type","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_actor_user" ON "audit_log" USING btree ("tenant_id","actor_user_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_actor_key" ON "audit_log" USING btree ("tenant_id","actor_key_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_request" ON "audit_log" USING btree ("tenant_id","request_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_action" ON "audit_log" USING btree ("tenant_id",action collate "C","created_at","seq");;--> statement-breakpoint
-- What was written stays as it was written: rows go with their tenant alone. Whoever owns the table can switch the trigger
-- off; that is what `octavo audit verify` is for.
CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF tg_op = 'DELETE' AND NOT EXISTS (SELECT FROM public.tenants WHERE id = old.tenant_id) THEN
		RETURN old;
	END IF;
	RAISE EXCEPTION 'audit_log is append-only: rows are neither changed nor deleted' USING ERRCODE = 'restrict_violation';
END
$$;--> statement-breakpoint
CREATE FUNCTION "refuse_audit_truncation"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'audit_log is append-only: it is not truncated' USING ERRCODE = 'restrict_violation';
END
$$;--> statement-breakpoint
CREATE TRIGGER "audit_log_is_append_only" BEFORE UPDATE OR DELETE ON "audit_log"
	FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"();--> statement-breakpoint
CREATE TRIGGER "audit_log_is_not_truncated" BEFORE TRUNCATE ON "audit_log"
	FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_truncation"();
