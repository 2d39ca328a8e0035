-- On a large database build it first: `octavo index create document_pages_search_by_document`, see docs/migrations.md.
CREATE INDEX IF NOT EXISTS "document_pages_search_by_document" ON "document_pages" USING gin ("tenant_id","document_id","search");--> statement-breakpoint
DROP INDEX IF EXISTS "document_pages_search";
