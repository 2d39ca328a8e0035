CREATE EXTENSION IF NOT EXISTS btree_gist;--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS cube;--> statement-breakpoint
CREATE TABLE "place_documents" (
	"tenant_id" uuid NOT NULL,
	"place_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"source" text NOT NULL,
	"pages" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"note" text DEFAULT '' NOT NULL,
	"created_by_user_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "place_documents_pkey" PRIMARY KEY("tenant_id","place_id","document_id"),
	CONSTRAINT "place_documents_source_is_known" CHECK ("place_documents"."source" in ('user', 'suggestion')),
	CONSTRAINT "place_documents_note_length" CHECK (char_length("place_documents"."note") <= 2000)
);
--> statement-breakpoint
CREATE TABLE "place_suggestions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"place_id" uuid NOT NULL,
	"state" text DEFAULT 'open' NOT NULL,
	"mention_count" integer NOT NULL,
	"mentions" jsonb NOT NULL,
	"pages" jsonb NOT NULL,
	"decided_by_user_id" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "place_suggestions_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "place_suggestions_state_is_known" CHECK ("place_suggestions"."state" in ('open', 'accepted', 'dismissed')),
	CONSTRAINT "place_suggestions_decision_has_user" CHECK (("place_suggestions"."state" = 'open') = ("place_suggestions"."decided_by_user_id" is null)),
	CONSTRAINT "place_suggestions_mentions_are_counted" CHECK ("place_suggestions"."mention_count" > 0),
	CONSTRAINT "place_suggestions_version_is_positive" CHECK ("place_suggestions"."version" > 0)
);
--> statement-breakpoint
CREATE TABLE "places" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"collection" text NOT NULL,
	"feature_key" text,
	"feature_id" jsonb,
	"name" text NOT NULL,
	"aliases" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"name_keys" text[] DEFAULT '{}' NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"longitude" double precision NOT NULL,
	"latitude" double precision NOT NULL,
	"altitude_metres" double precision,
	"properties" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"location" "point" GENERATED ALWAYS AS (point(longitude, latitude)) STORED,
	"sphere" "cube" GENERATED ALWAYS AS (cube(array[cosd(latitude) * cosd(longitude), cosd(latitude) * sind(longitude), sind(latitude)])) STORED,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('octavo_text', name) || to_tsvector('octavo_text', aliases) || to_tsvector('octavo_text', description)) STORED,
	"created_by_user_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "places_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "places_longitude_is_on_earth" CHECK ("places"."longitude" between -180 and 180),
	CONSTRAINT "places_latitude_is_on_earth" CHECK ("places"."latitude" between -90 and 90),
	CONSTRAINT "places_altitude_is_finite" CHECK (abs("places"."altitude_metres") < 'infinity'::float8),
	CONSTRAINT "places_name_length" CHECK (char_length("places"."name") <= 500),
	CONSTRAINT "places_collection_length" CHECK (char_length("places"."collection") between 1 and 120),
	CONSTRAINT "places_description_length" CHECK (char_length("places"."description") <= 20000),
	CONSTRAINT "places_version_is_positive" CHECK ("places"."version" > 0)
);
--> statement-breakpoint
ALTER TABLE "place_documents" ADD CONSTRAINT "place_documents_place_exists" FOREIGN KEY ("tenant_id","place_id") REFERENCES "public"."places"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "place_documents" ADD CONSTRAINT "place_documents_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "place_suggestions" ADD CONSTRAINT "place_suggestions_place_exists" FOREIGN KEY ("tenant_id","place_id") REFERENCES "public"."places"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "place_suggestions" ADD CONSTRAINT "place_suggestions_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "places" ADD CONSTRAINT "places_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "place_documents_by_document" ON "place_documents" USING btree ("tenant_id","document_id","place_id");--> statement-breakpoint
CREATE UNIQUE INDEX "place_suggestions_place_is_suggested_once" ON "place_suggestions" USING btree ("tenant_id","document_id","place_id");--> statement-breakpoint
CREATE INDEX "place_suggestions_by_document" ON "place_suggestions" USING btree ("tenant_id","document_id","state","id");--> statement-breakpoint
CREATE INDEX "place_suggestions_by_place" ON "place_suggestions" USING btree ("tenant_id","place_id");--> statement-breakpoint
CREATE INDEX "place_suggestions_by_state" ON "place_suggestions" USING btree ("tenant_id","state","id");--> statement-breakpoint
CREATE UNIQUE INDEX "places_feature_is_unique" ON "places" USING btree ("tenant_id","collection","feature_key");--> statement-breakpoint
CREATE INDEX "places_by_collection" ON "places" USING btree ("tenant_id","collection","id");--> statement-breakpoint
CREATE INDEX "places_by_name_key" ON "places" USING gin ("tenant_id","name_keys");--> statement-breakpoint
CREATE INDEX "places_by_location" ON "places" USING gist ("tenant_id","location");--> statement-breakpoint
CREATE INDEX "places_by_sphere" ON "places" USING gist ("tenant_id","sphere");--> statement-breakpoint
CREATE INDEX "places_search" ON "places" USING gin ("tenant_id","search");