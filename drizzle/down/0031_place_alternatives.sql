-- Takes 0031_place_alternatives back: which other places of the name there are is computed anew by the next run.
DROP INDEX public.place_suggestions_by_place;
CREATE INDEX place_suggestions_by_place ON public.place_suggestions USING btree (tenant_id, place_id);
ALTER TABLE public.place_suggestions DROP COLUMN alternative_place_ids;
