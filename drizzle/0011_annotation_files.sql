CREATE TABLE "annotated_documents" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"format" text NOT NULL,
	"import_id" uuid NOT NULL,
	"attributes" jsonb NOT NULL,
	CONSTRAINT "annotated_documents_pkey" PRIMARY KEY("tenant_id","document_id","format"),
	CONSTRAINT "annotated_documents_format_is_known" CHECK ("annotated_documents"."format" in ('json', 'csv', 'coco', 'label_studio', 'yolo', 'funsd'))
);
--> statement-breakpoint
CREATE TABLE "annotated_pages" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"page" integer NOT NULL,
	"width" double precision NOT NULL,
	"height" double precision NOT NULL,
	"attributes" jsonb NOT NULL,
	CONSTRAINT "annotated_pages_pkey" PRIMARY KEY("tenant_id","document_id","page"),
	CONSTRAINT "annotated_pages_page_is_positive" CHECK ("annotated_pages"."page" >= 1),
	CONSTRAINT "annotated_pages_size_is_positive" CHECK ("annotated_pages"."width" > 0 and "annotated_pages"."height" > 0)
);
--> statement-breakpoint
CREATE TABLE "annotation_exports" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"format" text NOT NULL,
	"document_ids" uuid[] NOT NULL,
	"annotation_count" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"completed_at" timestamp with time zone,
	"broken_at" timestamp with time zone,
	CONSTRAINT "annotation_exports_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "annotation_exports_format_is_known" CHECK ("annotation_exports"."format" in ('json', 'csv', 'coco', 'label_studio', 'yolo', 'funsd')),
	CONSTRAINT "annotation_exports_ended_once" CHECK ("annotation_exports"."completed_at" is null or "annotation_exports"."broken_at" is null)
);
--> statement-breakpoint
CREATE TABLE "annotation_imports" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"format" text NOT NULL,
	"attributes" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "annotation_imports_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "annotation_imports_format_is_known" CHECK ("annotation_imports"."format" in ('json', 'csv', 'coco', 'label_studio', 'yolo', 'funsd'))
);
--> statement-breakpoint
ALTER TABLE "annotated_documents" ADD CONSTRAINT "annotated_documents_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "annotated_documents" ADD CONSTRAINT "annotated_documents_import_exists" FOREIGN KEY ("tenant_id","import_id") REFERENCES "public"."annotation_imports"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "annotated_pages" ADD CONSTRAINT "annotated_pages_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "annotation_exports" ADD CONSTRAINT "annotation_exports_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "annotation_imports" ADD CONSTRAINT "annotation_imports_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;