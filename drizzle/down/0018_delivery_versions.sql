-- Takes 0018_delivery_versions back: a count of changes that nobody read.
ALTER TABLE public.webhook_deliveries ADD COLUMN version integer DEFAULT 1 NOT NULL;
