-- Takes 0028_places back: places, what they have to do with documents, and what was suggested of them.
DROP TABLE public.place_suggestions;
DROP TABLE public.place_documents;
DROP TABLE public.places;
DROP EXTENSION cube;
DROP EXTENSION btree_gist;
