-- Takes 0011_annotation_files back: what imported files say beyond annotations, and who exported.
DROP TABLE public.annotation_exports, public.annotated_pages, public.annotated_documents, public.annotation_imports;
