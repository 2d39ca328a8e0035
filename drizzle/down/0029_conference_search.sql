-- Takes 0029_conference_search back: what search finds conferences by.
ALTER TABLE public.conference_series DROP COLUMN search, DROP COLUMN search_text;
