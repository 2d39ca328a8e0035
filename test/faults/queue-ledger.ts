import type { Sql } from 'postgres'

/** What became of all that was acknowledged. The last three must be 0. */
export type Ledger = {
  jobs: number
  done: number
  open: number
  dead: number
  /** Neither there nor ended, in both tables at once, or completed without its effect. */
  lost: number
  /** With more than one effect. */
  twice: number
  /** With an effect of another attempt than the one that ended the job, or of a job that did not complete. */
  zombie_accepted: number
  /** The longest from the death of a worker to the next start of a job that it held. */
  reclaim_ms: number
  /** Attempts that did not end by themselves: killed, stopped, cut off, silent. */
  lost_leases: number
  /** Of one job. */
  attempts_max: number
}

/** The tables of a run: what was acknowledged, begun and done, and which workers were killed when. */
export async function createLedger(sql: Sql): Promise<void> {
  await sql`create table if not exists fault_receipts (tenant_id uuid, job_id uuid, primary key (tenant_id, job_id))`
  await sql`create table if not exists fault_starts (tenant_id uuid, job_id uuid, attempt int, worker text,
    started_at timestamptz default clock_timestamp(), ended_at timestamptz)`
  await sql`create table if not exists fault_effects (tenant_id uuid, job_id uuid, attempt int, worker text)`
  await sql`create table if not exists fault_kills (tenant_id uuid, worker text, killed_at timestamptz default clock_timestamp())`
}

/** One query over receipts, jobs, history, events and effects of one tenant. */
export async function readLedger(sql: Sql, tenantId: string): Promise<Ledger> {
  const [row] = await sql<Ledger[]>`
    with receipt as (
      select job_id as id from fault_receipts where tenant_id = ${tenantId}
    ), effect as (
      select job_id as id, count(*) as count, max(attempt) as attempt from fault_effects
      where tenant_id = ${tenantId} group by job_id
    ), fate as (
      select receipt.id, j.id is not null as is_open, h.status, h.attempts, coalesce(effect.count, 0) as effects,
        effect.attempt as effect_attempt
      from receipt left join jobs j on j.tenant_id = ${tenantId} and j.id = receipt.id
      left join job_history h on h.tenant_id = ${tenantId} and h.id = receipt.id
      left join effect on effect.id = receipt.id
    ), reclaim as (
      select max(extract(epoch from next.at - k.killed_at) * 1000) as ms
      from fault_kills k join fault_starts s on s.tenant_id = k.tenant_id and s.worker = k.worker
        and s.started_at < k.killed_at
      left join fault_effects e on e.tenant_id = s.tenant_id and e.job_id = s.job_id and e.attempt = s.attempt
      cross join lateral (select min(n.started_at) as at from fault_starts n where n.tenant_id = s.tenant_id
        and n.job_id = s.job_id and n.attempt > s.attempt) next
      where k.tenant_id = ${tenantId} and e.job_id is null
        -- An attempt that had ended without an effect before the kill was not held any more.
        and not exists (select from fault_starts n where n.tenant_id = s.tenant_id and n.job_id = s.job_id
          and n.attempt > s.attempt and n.started_at < k.killed_at)
    )
    select count(*)::int as jobs, (count(*) filter (where status = 'completed'))::int as done,
      (count(*) filter (where is_open))::int as open, (count(*) filter (where status = 'dead'))::int as dead,
      (count(*) filter (where is_open = (status is not null) or status = 'completed' and effects = 0))::int as lost,
      (count(*) filter (where effects > 1))::int as twice,
      (count(*) filter (where effects > 0 and (status is distinct from 'completed' or effect_attempt <> attempts)))::int
        as zombie_accepted,
      coalesce((select round(ms)::int from reclaim), 0) as reclaim_ms,
      (select count(*)::int from run_events where tenant_id = ${tenantId} and type = 'lease_lost') as lost_leases,
      coalesce(max(attempts), 0) as attempts_max
    from fate`
  if (!row) throw new Error('The ledger has no answer.')
  return row
}

export function printLedger(
  fault: string,
  ledger: Ledger,
  more: Record<string, number> = {},
): void {
  const figures = { fault, ...more, ...ledger }
  console.log(
    Object.entries(figures)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
  )
}
