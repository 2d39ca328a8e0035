-- Takes 0034_place_words back: names with a slash are found as they are written alone, and words wait beside their index.
ALTER INDEX public.conference_series_search RESET (fastupdate);
ALTER TABLE public.places DROP COLUMN search;
ALTER TABLE public.places ADD COLUMN search tsvector GENERATED ALWAYS AS (to_tsvector('octavo_text', name)
	|| to_tsvector('octavo_text', aliases) || to_tsvector('octavo_text', description)) STORED;
CREATE INDEX places_search ON public.places USING gin (tenant_id, search);
