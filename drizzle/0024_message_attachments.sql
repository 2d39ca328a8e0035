ALTER TABLE "message_attachments" DROP CONSTRAINT "message_attachments_document_exists";
--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "has_attachments" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "messages_with_attachments" ON "messages" USING btree ("tenant_id","channel_id","seq") WHERE has_attachments;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "users_by_display_name" ON "users" USING btree ("tenant_id",lower(display_name));