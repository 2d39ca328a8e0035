-- Takes 0003_annotations back: annotations with their whole history.
DROP TABLE public.annotation_versions, public.annotations;
