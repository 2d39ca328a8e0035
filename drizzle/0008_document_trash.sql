ALTER TABLE "documents" ADD COLUMN "trashed_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "documents_in_trash" ON "documents" USING btree ("tenant_id","id") WHERE trashed_at is not null;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "documents_by_time_in_trash" ON "documents" USING btree ("trashed_at") WHERE trashed_at is not null;