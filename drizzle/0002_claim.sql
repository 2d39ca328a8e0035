-- The search for a claim, as functions: the settings of a function make sure of the plan. A session keeps a plan from
-- when the table was empty, and goes on sorting or reading all of it when 100,000 jobs have come.

-- Locks the jobs that are next in turn among kinds and tenants without a limit, and says where they lie. Tenants are
-- visited in the order of their ids behind `after_tenant`, the first after the last; each gives its share, of several
-- kinds those of the largest priority and then the oldest. Rows that another claim is just taking are passed over.
CREATE FUNCTION "next_free_jobs"(
	kinds text[], -- asked for
	places integer[], -- at most so many of each
	most integer, -- of all together
	after_tenant uuid,
	only_tenant uuid -- null: all
) RETURNS tid[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET enable_material = off AS $$
#variable_conflict use_column
DECLARE
	tenants_max CONSTANT integer := least(greatest(most, 1), 64); -- more wait for the next claim
	has_limits boolean;
	tenants uuid[] := '{}';
	place uuid := after_tenant;
	next_tenant uuid;
	has_wrapped boolean := false;
	share integer;
BEGIN
	IF exists (select from job_kinds k where k.kind = any(kinds) and (k.paused_at is not null or k.running_max is not null)) THEN
		select array_agg(a.kind), array_agg(a.places) into kinds, places from unnest(kinds, places) a(kind, places)
		where not exists (select from job_kinds k
			where k.kind = a.kind and (k.paused_at is not null or k.running_max is not null));
	END IF;
	-- Behind the look at job_kinds: there a claim waits for who is just setting a limit.
	has_limits := exists (select from job_tenant_limits);
	WHILE only_tenant is null and cardinality(tenants) < tenants_max LOOP
		select t.tenant_id into next_tenant from unnest(kinds) a(kind) cross join lateral (
			select q.tenant_id from jobs q where q.status = 'queued' and q.kind = a.kind and q.tenant_id > place
			order by q.kind, q.tenant_id limit 1) t
		order by t.tenant_id limit 1;
		IF next_tenant is null and not has_wrapped THEN
			has_wrapped := true;
			place := '00000000-0000-0000-0000-000000000000';
			CONTINUE;
		END IF;
		EXIT WHEN next_tenant is null or (has_wrapped and next_tenant > after_tenant);
		place := next_tenant;
		-- One that has only work with a limit takes no turn of those behind it.
		CONTINUE WHEN has_limits and not exists (select from unnest(kinds) a(kind)
			where exists (select from jobs q where q.status = 'queued' and q.kind = a.kind and q.tenant_id = next_tenant)
			and not exists (select from job_tenant_limits l where l.tenant_id = next_tenant and l.kind in (a.kind, '*')));
		tenants := tenants || next_tenant;
	END LOOP;
	IF only_tenant is not null THEN
		tenants := array[only_tenant];
	END IF;
	share := ceil(most::numeric / greatest(cardinality(tenants), 1));
	IF cardinality(kinds) = 1 and places[1] >= most THEN
		return array(
			select j.tid from unnest(tenants) t(tenant_id) cross join lateral (
				select q.ctid as tid from jobs q
				where q.status = 'queued' and q.kind = kinds[1] and q.tenant_id = t.tenant_id
				order by q.kind, q.tenant_id, q.priority desc, q.run_at limit share for update skip locked) j
			where not has_limits or not exists (select from job_tenant_limits l
				where l.tenant_id = t.tenant_id and l.kind in (kinds[1], '*'))
			limit most);
	END IF;
	-- Each tenant's first, then each one's second, and so on, within the places of each kind.
	return array(
		select tid from (
			select d.*, row_number() over (partition by d.kind order by d.tenant_rank, d.turn) as kind_rank
			from (
				select j.*, t.turn, a.places,
					row_number() over (partition by t.turn order by j.priority desc, j.run_at, j.id) as tenant_rank
				from unnest(tenants) with ordinality t(tenant_id, turn)
				cross join unnest(kinds, places) a(kind, places)
				cross join lateral (
					select q.ctid as tid, q.kind, q.priority, q.run_at, q.id from jobs q
					where q.status = 'queued' and q.kind = a.kind and q.tenant_id = t.tenant_id
					order by q.kind, q.tenant_id, q.priority desc, q.run_at
					limit least(share, a.places) for update skip locked) j
				where not has_limits or not exists (select from job_tenant_limits l
					where l.tenant_id = t.tenant_id and l.kind in (a.kind, '*'))) d) ranked
		where kind_rank <= places order by tenant_rank, turn limit most);
END $$;
--> statement-breakpoint
-- The same for kinds and tenants with a limit. One claim after the other in the whole cluster: each statement here sees
-- what claims before it have committed, so the count of what runs holds until this one is committed, too.
CREATE FUNCTION "next_limited_jobs"(
	kinds text[],
	places integer[],
	most integer,
	after_tenant uuid,
	only_tenant uuid
) RETURNS tid[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET enable_material = off AS $$
#variable_conflict use_column
DECLARE
	tenants_max CONSTANT integer := least(greatest(most, 1), 64);
	running jsonb; -- how many run: by /kind, by tenant/, by tenant/kind
	full_lanes jsonb; -- tenant/kind, or tenant/ for all of a tenant
	limited_kinds text[];
	tenants uuid[] := '{}';
	place uuid := after_tenant;
	next_tenant uuid;
	has_wrapped boolean := false;
	share integer;
BEGIN
	perform pg_advisory_xact_lock(hashtext('octavo: lease jobs with a limit'));
	limited_kinds := array(select k.kind from job_kinds k where k.kind = any(kinds) and k.running_max is not null);
	select coalesce(jsonb_object_agg(concat(r.tenant_id, '/', r.kind), r.count), '{}') into running from (
		select q.tenant_id, q.kind, count(*) from jobs q where q.status = 'running'
		group by grouping sets ((q.kind), (q.tenant_id), (q.tenant_id, q.kind))) r;
	select coalesce(jsonb_object_agg(l.lane, true), '{}') into full_lanes from (
		select concat(t.tenant_id, '/', nullif(t.kind, '*')) as lane, t.paused_at, t.running_max from job_tenant_limits t) l
	where l.paused_at is not null or l.running_max <= coalesce((running->>l.lane)::int, 0);
	select array_agg(a.kind), array_agg(a.places) into kinds, places from unnest(kinds, places) a(kind, places)
	where not exists (select from job_kinds k where k.kind = a.kind
		and (k.paused_at is not null or k.running_max <= coalesce((running->>concat('/', k.kind))::int, 0)));
	WHILE only_tenant is null and cardinality(tenants) < tenants_max LOOP
		select t.tenant_id into next_tenant from unnest(kinds) a(kind) cross join lateral (
			select q.tenant_id from jobs q where q.status = 'queued' and q.kind = a.kind and q.tenant_id > place
			order by q.kind, q.tenant_id limit 1) t
		order by t.tenant_id limit 1;
		IF next_tenant is null and not has_wrapped THEN
			has_wrapped := true;
			place := '00000000-0000-0000-0000-000000000000';
			CONTINUE;
		END IF;
		EXIT WHEN next_tenant is null or (has_wrapped and next_tenant > after_tenant);
		place := next_tenant;
		-- One that is paused or at its limit takes no turn of those behind it.
		CONTINUE WHEN full_lanes ? concat(next_tenant, '/') or not exists (select from unnest(kinds) a(kind)
			where not full_lanes ? concat(next_tenant, '/', a.kind)
			and exists (select from jobs q where q.status = 'queued' and q.kind = a.kind and q.tenant_id = next_tenant)
			and (a.kind = any(limited_kinds) or exists (select from job_tenant_limits l
				where l.tenant_id = next_tenant and l.kind in (a.kind, '*'))));
		tenants := tenants || next_tenant;
	END LOOP;
	IF only_tenant is not null THEN
		tenants := array[only_tenant];
	END IF;
	share := ceil(most::numeric / greatest(cardinality(tenants), 1));
	return array(
		select tid from (
			select d.*, row_number() over (partition by d.kind order by d.tenant_rank, d.turn) as kind_rank
			from (
				select j.*, l.turn, l.kind_places, l.tenant_places,
					row_number() over (partition by l.turn order by j.priority desc, j.run_at, j.id) as tenant_rank
				from (
					-- `least` passes over a limit that is not set.
					select t.tenant_id, t.turn, a.kind,
						least(a.places, k.running_max - coalesce((running->>concat('/', a.kind))::int, 0)) as kind_places,
						one.running_max - coalesce((running->>concat(t.tenant_id, '/', a.kind))::int, 0) as lane_places,
						every.running_max - coalesce((running->>concat(t.tenant_id, '/'))::int, 0) as tenant_places
					from unnest(tenants) with ordinality t(tenant_id, turn)
					cross join unnest(kinds, places) a(kind, places)
					left join job_kinds k on k.kind = a.kind
					left join job_tenant_limits every on every.tenant_id = t.tenant_id and every.kind = '*'
					left join job_tenant_limits one on one.tenant_id = t.tenant_id and one.kind = a.kind
					where not full_lanes ? concat(t.tenant_id, '/') and not full_lanes ? concat(t.tenant_id, '/', a.kind)
						and (k.running_max is not null or every.kind is not null or one.kind is not null)
				) l cross join lateral (
					select q.ctid as tid, q.kind, q.priority, q.run_at, q.id from jobs q
					where q.status = 'queued' and q.kind = l.kind and q.tenant_id = l.tenant_id
					order by q.kind, q.tenant_id, q.priority desc, q.run_at
					limit greatest(0, least(share, l.kind_places, l.lane_places, l.tenant_places))
					for update skip locked) j
			) d) ranked
		where kind_rank <= kind_places and tenant_rank <= coalesce(tenant_places, tenant_rank)
		order by tenant_rank, turn limit most);
END $$;
--> statement-breakpoint
-- Of attempts, the places of those whose job nobody has changed since it was leased: the fence for many.
CREATE FUNCTION "held_jobs"(tids tid[], xmins xid[], lease_tokens uuid[]) RETURNS tid[] LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_indexscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
	return array(
		select j.ctid from unnest(tids, xmins, lease_tokens) a(tid, writer, token)
		join jobs j on j.ctid = a.tid and j.xmin = a.writer and j.lease_token = a.token);
END $$;
--> statement-breakpoint
DROP INDEX "jobs_claim_order";
--> statement-breakpoint
-- Without the id: jobs that are queued together differ by microseconds, and each entry is shorter by a fifth.
CREATE INDEX "jobs_claim_order" ON "jobs" USING btree ("kind","tenant_id","priority" DESC NULLS FIRST,"run_at") WHERE status = 'queued';
--> statement-breakpoint
-- Each job is leased about once, which adds an entry beside its first: with room for it no page needs to be split.
ALTER INDEX "jobs_pkey" SET (fillfactor = 50);
