-- Takes 0033_place_points back: the two columns as they were, with their indexes.
ALTER TABLE public.places DROP COLUMN location, DROP COLUMN sphere,
	ADD COLUMN location point GENERATED ALWAYS AS (point(longitude, latitude)) STORED,
	ADD COLUMN sphere cube GENERATED ALWAYS AS (cube(array[cosd(latitude) * cosd(longitude), cosd(latitude) * sind(longitude), sind(latitude)])) STORED;
CREATE INDEX places_by_location ON public.places USING gist (tenant_id, location);
CREATE INDEX places_by_sphere ON public.places USING gist (tenant_id, sphere);
CREATE INDEX places_by_collection_and_sphere ON public.places USING gist (tenant_id, collection, sphere);
