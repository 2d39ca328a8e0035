import { setTimeout as pause } from 'node:timers/promises'
import { saveKindLimit, saveTenantLimit } from '../../functions/jobs/limit-queries.ts'
import type { Ledger } from './queue-ledger.ts'
import { kindOf, openQueue, type Queue, settle } from './queue-rehearsal.ts'
import type { Foreign } from './services.ts'

export type Limited = 'kind' | 'tenant' | 'tenant and kind'
const workMs = 150

type Size = { jobs: number; hosts: number; running: number; isLate?: boolean }

/**
 * A limit on several hosts, which are killed and replaced meanwhile, one after the other. `isLate`: it is set while they work already.
 * @returns how many ran at once by the log of starts and ends, after the limit was set, and the ledger
 */
export async function limitHosts(
  server: Foreign,
  limited: Limited,
  size: Size,
): Promise<{ overlap: number; ledger: Ledger }> {
  const queue = await openQueue(server, { leaseMs: 1_000, concurrency: 6 })
  const limit = () => setLimit(queue, limited, size.running)
  if (!size.isLate) await limit()
  await queue.enqueue(size.jobs, workMs)
  await queue.hosts.start(size.hosts)
  if (size.isLate) {
    await pause(300)
    await limit()
    await untilOthersEnded(queue, size.running)
  }
  const [{ at } = { at: null }] = await queue.sql`select clock_timestamp() as at`
  for (let kill = 0; kill < size.hosts; kill += 1) {
    await pause(200)
    await queue.hosts.replaceEldest(async (name) => {
      await queue.sql`insert into fault_kills (tenant_id, worker) values (${queue.tenantId}, ${name})`
    })
  }
  const ledger = await settle(queue, `limit of ${limited}`.replaceAll(' ', '-'), {
    limit: size.running,
  })
  const overlap = await readOverlap(queue, at)
  console.log(
    `limit=${size.running} of=${limited.replaceAll(' ', '-')} late=${size.isLate ?? false} hosts=${size.hosts} overlap=${overlap}`,
  )
  return { overlap, ledger }
}

async function setLimit(
  { db, tenantId }: Queue,
  limited: Limited,
  runningMax: number,
): Promise<void> {
  const kind = limited === 'tenant' ? '*' : kindOf(tenantId)
  const setting = { kind, runningMax, paused: false }
  await db.transaction((tx) =>
    limited === 'kind' ? saveKindLimit(tx, setting) : saveTenantLimit(tx, { tenantId, ...setting }),
  )
}

/** What ran when the limit was set may end. */
async function untilOthersEnded({ sql, tenantId }: Queue, running: number): Promise<void> {
  for (;;) {
    const [row] = await sql`select count(*)::int as count from jobs
      where tenant_id = ${tenantId} and status = 'running'`
    if (row?.count <= running) return
    await pause(10)
  }
}

/** The most attempts of one moment: from the line that they began to the one that they ended, or to the kill. */
async function readOverlap({ sql, tenantId }: Queue, since: Date | null): Promise<number> {
  const [row] = await sql`
    with span as (
      select s.started_at, coalesce(s.ended_at, k.killed_at) as ended_at
      from fault_starts s left join fault_kills k on k.tenant_id = s.tenant_id and k.worker = s.worker
      where s.tenant_id = ${tenantId} and s.started_at >= ${since}
    ), change as (
      select started_at as at, 1 as by from span union all select ended_at, -1 from span where ended_at is not null
    )
    select max(running)::int as overlap from (select sum(by) over (order by at, by) as running from change) r`
  return row?.overlap ?? 0
}
