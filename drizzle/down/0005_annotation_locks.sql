-- Takes 0005_annotation_locks back: who is working on what.
DROP TABLE public.annotation_locks;
