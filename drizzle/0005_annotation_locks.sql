CREATE TABLE "annotation_locks" (
	"tenant_id" uuid NOT NULL,
	"annotation_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"locked_until" timestamp with time zone NOT NULL,
	CONSTRAINT "annotation_locks_pkey" PRIMARY KEY("tenant_id","annotation_id")
);
--> statement-breakpoint
ALTER TABLE "annotation_locks" ADD CONSTRAINT "annotation_locks_annotation_exists" FOREIGN KEY ("tenant_id","annotation_id") REFERENCES "public"."annotations"("tenant_id","id") ON DELETE cascade ON UPDATE no action;