-- Two columns that are made anew, with their indexes: of numbers like 1e-300 products underflow, and an index of points that
-- holds such areas refuses what comes to their page. Where places lie already, they are written and locked once: some 30 us each.
-- squawk-ignore ban-drop-column
ALTER TABLE "places" DROP COLUMN "location", DROP COLUMN "sphere",
	-- squawk-ignore adding-field-with-default
	ADD COLUMN "location" "point" GENERATED ALWAYS AS (point(longitude + 360 - 360, latitude + 360 - 360)) STORED,
	-- squawk-ignore adding-field-with-default
	ADD COLUMN "sphere" "cube" GENERATED ALWAYS AS (cube(array[cosd(latitude + 360 - 360) * cosd(longitude + 360 - 360), cosd(latitude + 360 - 360) * sind(longitude + 360 - 360), sind(latitude + 360 - 360)])) STORED;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "places_by_location" ON "places" USING gist ("tenant_id","location");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "places_by_sphere" ON "places" USING gist ("tenant_id","sphere");--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "places_by_collection_and_sphere" ON "places" USING gist ("tenant_id","collection","sphere");
