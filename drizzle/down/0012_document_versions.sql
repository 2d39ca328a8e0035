-- Takes 0012_document_versions back: earlier files of documents.
DROP TABLE public.document_versions;
ALTER TABLE public.documents DROP COLUMN file_version;
