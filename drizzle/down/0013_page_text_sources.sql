-- Takes 0013_page_text_sources back: where the text of pages comes from. An image becomes a text with the same pages, which
-- an earlier release can show.
UPDATE public.documents SET kind = 'text' WHERE kind = 'image';
UPDATE public.document_versions SET kind = 'text' WHERE kind = 'image';
ALTER TABLE public.documents DROP COLUMN text_choice, DROP COLUMN text_reason,
	DROP CONSTRAINT documents_kind_is_known,
	ADD CONSTRAINT documents_kind_is_known CHECK (kind in ('pdf', 'text', 'markdown'));
ALTER TABLE public.document_pages DROP COLUMN confidences, DROP COLUMN text_choice, DROP COLUMN text_reason,
	DROP COLUMN pending;
