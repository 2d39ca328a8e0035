-- Takes 0007_webhooks back: where tenants want to be told of changes, and what they were told.
DROP TABLE public.webhook_deliveries, public.webhook_events, public.webhook_endpoints;
