ALTER TABLE "documents" ADD COLUMN "tags" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
UPDATE "documents" d SET "tags" = (
	SELECT jsonb_agg(t."name" ORDER BY t."folded") FROM "document_tags" t WHERE t."tenant_id" = d."tenant_id" AND t."document_id" = d."id"
) WHERE EXISTS (SELECT FROM "document_tags" t WHERE t."tenant_id" = d."tenant_id" AND t."document_id" = d."id");
