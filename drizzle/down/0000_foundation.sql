-- Takes 0000_foundation back: every table with all rows, the text search configuration, and not the extensions,
-- which may serve others.
DROP TABLE public.run_events, public.job_history, public.jobs, public.idempotency_keys, public.document_pages,
	public.documents, public.blobs, public.audit_log, public.api_keys, public.users, public.tenants;
DROP TEXT SEARCH CONFIGURATION public.octavo_text;
DROP TEXT SEARCH DICTIONARY public.octavo_english;
