import { type SQL, sql } from 'drizzle-orm'
import {
  askedKinds,
  freeLanes,
  fullLanes,
  limitedKinds,
  limitedLanes,
  runningCounts,
} from './claim-lanes.ts'

export { textArray } from './claim-lanes.ts'

/** What a claim may take. */
export type Claim = {
  worker: string // name for people: host and pid
  /** How many of each kind may still run with this claimer. */
  places: Readonly<Record<string, number>>
  limit: number // jobs of all kinds together
  leaseMs: number
  /** Tenants are served in turn: the one behind this goes first. Any UUID. */
  afterTenantId: string
  /** Serves this tenant alone. */
  tenantId?: string
}

// Tenants visited by one claim. More wait for the next, which begins behind them.
const tenantsMax = 64

/**
 * One statement that leases the jobs that are next in turn. It visits the tenants that have work of these kinds, each
 * by a jump in the index, takes from each its share in the order of the index, and passes over rows that another
 * claimer is just taking, so claimers never wait for each other.
 *
 * `free`: lanes without any limit or pause, or those with one. Claims on limited lanes must come one after the
 * other (`leaseLimitedJobs`), because only then does the count of what runs hold until the claim is committed.
 */
export function claimStatement(claim: Claim, lanes: 'free' | 'limited'): SQL {
  const { worker, limit, leaseMs } = claim
  const isLimited = lanes === 'limited'
  const lanesOf = isLimited ? limitedLanes : freeLanes
  return sql`/* system: lease-jobs */
    with recursive ${isLimited ? sql`${runningCounts}, ${fullLanes},` : sql``}
    asked as materialized (${askedKinds(claim, lanes)}),
    visited as (${visitedTenants(claim, isLimited ? limitedKinds : freeLanes)}),
    lanes as (
      select v.tenant_id, v.turn, l.*,
        ceil(${limit}::numeric / (select count(*) from visited where has_lanes))::int as share
      from visited v cross join lateral (${lanesOf(sql`v.tenant_id`)}) l
      where v.has_lanes
    ), due as materialized (
      select j.tid ${isPlain(claim, lanes) ? sql`` : sql`, l.tenant_id, l.turn, l.kind, l.kind_places, l.tenant_places, j.priority, j.run_at, j.id`}
      from lanes l cross join lateral (
        select q.ctid as tid, q.priority, q.run_at, q.id from jobs q
        where ${ofLane(sql`l.kind`, sql`l.tenant_id`)}
        order by q.kind, q.tenant_id, q.priority desc, q.run_at, q.id
        limit greatest(0, least(l.share, l.kind_places, l.lane_places, l.tenant_places)) for update skip locked) j
    ), picked as (${isPlain(claim, lanes) ? sql`select tid from due limit ${limit}` : pickedInTurn(limit)}
    ), token as materialized (
      select gen_random_uuid() as token, clock_timestamp() as at,
        -- A claim that a crash of the server takes back leaves the job queued, and the attempt without a lease.
        ${isLimited ? sql`true` : sql`set_config('synchronous_commit', 'off', true)`} as is_relaxed
    )
    update jobs j set status = 'running', attempts = j.attempts + 1, version = j.version + 1,
      lease_token = (select token from token), leased_by = ${worker}, leased_at = (select at from token),
      heartbeat_at = (select at from token),
      lease_expires_at = (select at from token) + least(j.run_ms_max, ${leaseMs}::int) * interval '1 millisecond'
    where j.ctid = any(array(select tid from picked)) -- without a join: that may read the whole of an index
    returning j.tenant_id as "tenantId", j.id, j.lease_token as "leaseToken", j.kind, j.payload, j.attempts,
      j.attempts_max as "attemptsMax", j.run_ms_max as "runMsMax", j.subject_id as "subjectId",
      j.user_id as "userId", j.request_id as "requestId", j.steps, j.priority, j.run_at as "runAt",
      j.attempts > 1 and (j.errors @> '[{"code":"lease_lost"}]' or j.errors @> '[{"code":"timeout"}]') as "isSuspect"`
}

/**
 * Of what was locked, each tenant's first, then each one's second, and so on, within all places. The shares of a claim
 * for one kind without limits need no such order: together they are hardly more than what was asked for.
 */
const isPlain = ({ places, limit }: Claim, lanes: 'free' | 'limited'): boolean => {
  const [first = 0, ...others] = Object.values(places).filter((count) => count > 0)
  return lanes === 'free' && others.length === 0 && first >= limit
}

const pickedInTurn = (limit: number): SQL => sql`
      select tid from (
        select tid, kind_places, tenant_places, tenant_rank, turn,
          row_number() over (partition by kind order by tenant_rank, turn) as kind_rank
        from (select due.*, row_number() over (partition by tenant_id order by priority desc, run_at, id)
          as tenant_rank from due) d
      ) ranked
      where kind_rank <= kind_places and tenant_rank <= coalesce(tenant_places, tenant_rank)
      order by tenant_rank, turn limit ${limit}`

/**
 * Of the tenants with work, those that follow in turn; the last is followed by the first. A tenant that has none for
 * this claim (paused, at its limit) is passed by and takes no place of those behind it.
 */
function visitedTenants(claim: Claim, kindsOf: (tenantId: SQL) => SQL): SQL {
  const { tenantId, afterTenantId, limit } = claim
  if (tenantId !== undefined)
    return sql`select ${tenantId}::uuid as tenant_id, 1 as turn, true as has_lanes`
  const max = Math.min(Math.max(limit, 1), tenantsMax)
  const hasLanes = (of: SQL) => sql`exists (select from (${kindsOf(of)}) l
    where exists (select from jobs q where ${ofLane(sql`l.kind`, of)}))`
  // `offset 0`: computed once. Without it the planner copies each look-up to every place that names its result.
  return sql`
    select first.tenant_id, lanes.found::int as turn, lanes.found as has_lanes, first.tenant_id as first_id
    from (select ${tenantAfter(sql`${afterTenantId}::uuid`)} as tenant_id offset 0) first
    cross join lateral (select ${hasLanes(sql`first.tenant_id`)} as found offset 0) lanes
    union all
    select next.tenant_id, v.turn + lanes.found::int, lanes.found, v.first_id
    from visited v cross join lateral (select ${tenantAfter(sql`v.tenant_id`)} as tenant_id offset 0) next
    cross join lateral (select ${hasLanes(sql`next.tenant_id`)} as found offset 0) lanes
    where v.turn < ${max} and next.tenant_id <> v.first_id`
}

function tenantAfter(tenantId: SQL): SQL {
  const from = (bound: SQL) => sql`(select t.tenant_id from asked a cross join lateral (
      select q.tenant_id from jobs q where q.status = 'queued' and ${bound} and q.kind <= a.kind
      order by q.kind, q.tenant_id limit 1) t
    order by t.tenant_id limit 1)`
  const next = from(sql`(q.kind, q.tenant_id) > (a.kind, ${tenantId})`)
  return sql`coalesce(${next}, ${from(sql`q.kind >= a.kind`)})`
}

/**
 * The queued jobs of a lane, in words that only the index of the claim can follow. By two equalities the primary key
 * would do as well for a server that believes the table to be empty, and it reads all jobs of the tenant.
 */
const ofLane = (kind: SQL, tenantId: SQL): SQL => sql`q.status = 'queued'
  and (q.kind, q.tenant_id) >= (${kind}, ${tenantId}) and (q.kind, q.tenant_id) <= (${kind}, ${tenantId})`
