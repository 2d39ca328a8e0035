CREATE TABLE "suggestions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"page" integer NOT NULL,
	"x" double precision NOT NULL,
	"y" double precision NOT NULL,
	"width" double precision NOT NULL,
	"height" double precision NOT NULL,
	"rotation" double precision DEFAULT 0 NOT NULL,
	"label_type" text DEFAULT 'text' NOT NULL,
	"label_name" text NOT NULL,
	"value" text,
	"attributes" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"confidence" double precision,
	"source" text NOT NULL,
	"template_id" uuid,
	"state" text DEFAULT 'open' NOT NULL,
	"annotation_id" uuid,
	"created_by_user_id" uuid NOT NULL,
	"decided_by_user_id" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "suggestions_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "suggestions_page_is_positive" CHECK ("suggestions"."page" >= 1),
	CONSTRAINT "suggestions_box_is_on_the_page" CHECK ("suggestions"."x" >= 0 and "suggestions"."y" >= 0 and "suggestions"."width" > 0 and "suggestions"."height" > 0
        and "suggestions"."x" + "suggestions"."width" <= 1.000001 and "suggestions"."y" + "suggestions"."height" <= 1.000001),
	CONSTRAINT "suggestions_confidence_is_a_share" CHECK ("suggestions"."confidence" between 0 and 1),
	CONSTRAINT "suggestions_label_type_is_known" CHECK ("suggestions"."label_type" in ('text', 'number', 'date', 'checkbox', 'choice', 'signature', 'table', 'image')),
	CONSTRAINT "suggestions_source_is_known" CHECK ("suggestions"."source" in ('template', 'human', 'model', 'import')),
	CONSTRAINT "suggestions_state_is_known" CHECK ("suggestions"."state" in ('open', 'accepted', 'dismissed')),
	CONSTRAINT "suggestions_accepted_has_annotation" CHECK (("suggestions"."state" = 'accepted') = ("suggestions"."annotation_id" is not null)),
	CONSTRAINT "suggestions_decision_has_user" CHECK (("suggestions"."state" = 'open') = ("suggestions"."decided_by_user_id" is null))
);
--> statement-breakpoint
CREATE TABLE "template_applications" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"template_id" uuid NOT NULL,
	"template_version" integer NOT NULL,
	"user_id" uuid NOT NULL,
	"applied_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "template_applications_pkey" PRIMARY KEY("tenant_id","document_id","template_id"),
	CONSTRAINT "template_applications_version_is_positive" CHECK ("template_applications"."template_version" > 0)
);
--> statement-breakpoint
ALTER TABLE "suggestions" ADD CONSTRAINT "suggestions_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "suggestions" ADD CONSTRAINT "suggestions_annotation_exists" FOREIGN KEY ("tenant_id","annotation_id") REFERENCES "public"."annotations"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "template_applications" ADD CONSTRAINT "template_applications_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "template_applications" ADD CONSTRAINT "template_applications_template_exists" FOREIGN KEY ("tenant_id","template_id") REFERENCES "public"."templates"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "suggestions_region_is_unique" ON "suggestions" USING btree ("tenant_id","document_id","page","label_name","y","x","width","height","rotation");--> statement-breakpoint
CREATE UNIQUE INDEX "suggestions_annotation_is_of_one" ON "suggestions" USING btree ("tenant_id","annotation_id") WHERE "suggestions"."annotation_id" is not null;--> statement-breakpoint
CREATE INDEX "suggestions_by_page" ON "suggestions" USING btree ("tenant_id","document_id","state","page","id");--> statement-breakpoint
CREATE INDEX "template_applications_by_template" ON "template_applications" USING btree ("tenant_id","template_id","document_id");