DROP INDEX IF EXISTS "messages_by_author";--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "messages_by_author" ON "messages" USING btree ("tenant_id","author_user_id","channel_id","seq");
