-- By hand: the words of what is there already, as domain/conferences/search-text.ts makes them. The generated column writes
-- the table anew: that of all tenants has some thousands of rows, and is locked for a second.
ALTER TABLE "conference_series" ADD COLUMN "search_text" text DEFAULT '' NOT NULL;--> statement-breakpoint
UPDATE "conference_series" s SET "search_text" = concat_ws(' · ', h."head", e."editions",
	CASE WHEN strpos(h."head", '/') > 0 THEN replace(h."head", '/', ' ') END)
FROM "conference_series" o
CROSS JOIN LATERAL (
	SELECT string_agg(a."name", ', ' ORDER BY a."name_key" COLLATE "C") AS "names" FROM (
		SELECT "name", "name_key" FROM "conference_aliases" WHERE "tenant_id" = o."tenant_id" AND "series_id" = o."id"
		ORDER BY "name_key" COLLATE "C" LIMIT 100
	) a
) n
CROSS JOIN LATERAL (
	SELECT concat_ws(' · ', o."title", nullif(o."description", ''), n."names", nullif(o."sub", ''),
		nullif(concat_ws(', ', 'CCF ' || o."rank_ccf", 'CORE ' || o."rank_core", 'TH-CPL ' || o."rank_thcpl"), '')) AS "head"
) h
CROSS JOIN LATERAL (
	SELECT string_agg(concat_ws(', ', format('%s %s (%s''%s, %s)', o."title", y."year", o."title", right(y."year"::text, 2), y."key"),
		nullif(replace(y."place", '/', ' / '), '')), ' · ' ORDER BY y."year" DESC, y."key" COLLATE "C") AS "editions" FROM (
		SELECT "year", "key", "place" FROM "conference_editions" WHERE "tenant_id" = o."tenant_id" AND "series_id" = o."id"
		ORDER BY "year" DESC, "key" COLLATE "C" LIMIT 60
	) y
) e
WHERE s."tenant_id" = o."tenant_id" AND s."id" = o."id";--> statement-breakpoint
-- squawk-ignore adding-field-with-default
ALTER TABLE "conference_series" ADD COLUMN "search" "tsvector" GENERATED ALWAYS AS (to_tsvector('octavo_text', search_text)) STORED;--> statement-breakpoint
CREATE INDEX "conference_series_search" ON "conference_series" USING gin ("tenant_id","search");
