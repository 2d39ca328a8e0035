-- Takes 0015_document_tags back: the tags of documents.
DROP TABLE public.document_tags;
