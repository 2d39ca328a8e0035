CREATE TABLE "shares" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"secret_sha256" "bytea" NOT NULL,
	"allow_download" boolean NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "shares_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "shares_secret_is_sha256" CHECK (octet_length("shares"."secret_sha256") = 32)
);
--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "shares" ADD CONSTRAINT "shares_user_exists" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."users"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "shares_by_document" ON "shares" USING btree ("tenant_id","document_id","id");--> statement-breakpoint
CREATE INDEX "shares_by_user" ON "shares" USING btree ("tenant_id","user_id","id");