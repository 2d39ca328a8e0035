-- The names of a place as one text, a line each, for an index that finds parts of them.
CREATE FUNCTION "place_names_text"(name_keys text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_string(name_keys, E'\n');--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "places_by_name_part" ON "places" USING gin ("tenant_id",place_names_text("name_keys") gin_trgm_ops);--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "places_by_collection_and_sphere" ON "places" USING gist ("tenant_id","collection","sphere");
