DROP INDEX IF EXISTS "place_suggestions_by_place";--> statement-breakpoint
ALTER TABLE "place_suggestions" ADD COLUMN "alternative_place_ids" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
CREATE INDEX IF NOT EXISTS "place_suggestions_by_place" ON "place_suggestions" USING btree ("tenant_id","place_id","state","id");