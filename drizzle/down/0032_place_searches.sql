-- Takes 0032_place_searches back: what finds parts of names, and the nearest of one collection.
DROP INDEX public.places_by_name_part, public.places_by_collection_and_sphere;
DROP FUNCTION public.place_names_text(text[]);
