-- Takes 0002_claim back: the functions, and the shape of two indexes.
DROP FUNCTION public.next_free_jobs(text[], integer[], integer, uuid, uuid), public.next_limited_jobs(text[], integer[], integer, uuid, uuid),
	public.held_jobs(tid[], xid[], uuid[]);
DROP INDEX public.jobs_claim_order;
CREATE INDEX jobs_claim_order ON public.jobs USING btree (kind, tenant_id, priority DESC, run_at, id) WHERE status = 'queued';
ALTER INDEX public.jobs_pkey RESET (fillfactor);
