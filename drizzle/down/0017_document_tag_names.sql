-- Takes 0017_document_tag_names back: the names stay in document_tags.
ALTER TABLE public.documents DROP COLUMN tags;
