CREATE TABLE "annotation_versions" (
	"tenant_id" uuid NOT NULL,
	"annotation_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"change" text NOT NULL,
	"content" jsonb NOT NULL,
	"user_id" uuid NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "annotation_versions_pkey" PRIMARY KEY("tenant_id","annotation_id","version"),
	CONSTRAINT "annotation_versions_change_is_known" CHECK ("annotation_versions"."change" in ('create', 'change', 'validate', 'delete', 'restore', 'undo'))
);
--> statement-breakpoint
CREATE TABLE "annotations" (
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
	"source" text DEFAULT 'human' NOT NULL,
	"validation" text DEFAULT 'pending' NOT NULL,
	"validated_by_user_id" uuid,
	"validated_at" timestamp with time zone,
	"created_by_user_id" uuid NOT NULL,
	"updated_by_user_id" uuid NOT NULL,
	"deleted_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "annotations_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "annotations_page_is_positive" CHECK ("annotations"."page" >= 1),
	CONSTRAINT "annotations_box_is_on_the_page" CHECK ("annotations"."x" >= 0 and "annotations"."y" >= 0 and "annotations"."width" > 0 and "annotations"."height" > 0
        and "annotations"."x" + "annotations"."width" <= 1.000001 and "annotations"."y" + "annotations"."height" <= 1.000001),
	CONSTRAINT "annotations_confidence_is_a_share" CHECK ("annotations"."confidence" between 0 and 1),
	CONSTRAINT "annotations_label_type_is_known" CHECK ("annotations"."label_type" in ('text', 'number', 'date', 'checkbox', 'choice', 'signature', 'table', 'image')),
	CONSTRAINT "annotations_source_is_known" CHECK ("annotations"."source" in ('human', 'model', 'import')),
	CONSTRAINT "annotations_validation_is_known" CHECK ("annotations"."validation" in ('pending', 'valid', 'invalid', 'corrected')),
	CONSTRAINT "annotations_validation_has_a_time" CHECK (("annotations"."validation" = 'pending') = ("annotations"."validated_at" is null))
);
--> statement-breakpoint
ALTER TABLE "annotation_versions" ADD CONSTRAINT "annotation_versions_annotation_exists" FOREIGN KEY ("tenant_id","annotation_id") REFERENCES "public"."annotations"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "annotations" ADD CONSTRAINT "annotations_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "annotations_by_page" ON "annotations" USING btree ("tenant_id","document_id","page","id");