-- Takes 0008_document_trash back: what lies in the trash is an ordinary document again.
DROP INDEX IF EXISTS public.documents_by_time_in_trash;
DROP INDEX IF EXISTS public.documents_in_trash;
ALTER TABLE public.documents DROP COLUMN trashed_at;
