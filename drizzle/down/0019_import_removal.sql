-- Takes 0019_import_removal back: imports are no longer found by what they say of documents.
DROP INDEX public.annotated_documents_by_import;
