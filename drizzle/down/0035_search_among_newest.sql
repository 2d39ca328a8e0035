-- Takes 0035_search_among_newest back.
CREATE INDEX document_pages_search ON public.document_pages USING gin (tenant_id, search);
DROP INDEX public.document_pages_search_by_document;
