-- Of the same rows as audit_log_by_subject_time, in another order that nothing asks for.
DROP INDEX IF EXISTS "audit_log_by_subject";--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "deletion_job_id" uuid;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_time" ON "audit_log" USING btree ("tenant_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_subject_time" ON "audit_log" USING btree ("tenant_id","subject_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_subject_type" ON "audit_log" USING btree ("tenant_id","subject_type","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_actor_user" ON "audit_log" USING btree ("tenant_id","actor_user_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_actor_key" ON "audit_log" USING btree ("tenant_id","actor_key_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_request" ON "audit_log" USING btree ("tenant_id","request_id","created_at","seq");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "audit_log_by_action" ON "audit_log" USING btree ("tenant_id",action collate "C","created_at","seq");
