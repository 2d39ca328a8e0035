import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { DuplicatePolicy, NewJob } from './queue.ts'

/** A job as it is inserted: of its dependencies the number is known. */
export type Insertion = NewJob & { dependenciesOpen?: number }

type Value = string | number | null
type Column = { name: string; type: string; of: (job: Insertion) => Value }

// What tells the jobs of a list apart in most cases; the rest is often the same for all of them.
const ownColumns: readonly Column[] = [
  { name: 'id', type: 'uuid', of: (job) => job.id },
  { name: 'payload', type: 'text', of: (job) => JSON.stringify(job.payload ?? {}) },
]
const otherColumns: readonly Column[] = [
  { name: 'tenant_id', type: 'uuid', of: (job) => job.tenantId },
  { name: 'kind', type: 'text', of: (job) => job.kind },
  { name: 'subject_id', type: 'uuid', of: (job) => job.subjectId ?? null },
  { name: 'user_id', type: 'uuid', of: (job) => job.userId ?? null },
  { name: 'priority', type: 'smallint', of: (job) => job.priority ?? 0 },
  { name: 'delay_ms', type: 'bigint', of: (job) => job.delayMs ?? 0 },
  { name: 'at', type: 'timestamptz', of: (job) => job.runAt?.toISOString() ?? null },
  { name: 'attempts_max', type: 'int', of: (job) => job.attemptsMax ?? 5 },
  { name: 'run_ms_max', type: 'int', of: (job) => job.runMsMax ?? null },
  { name: 'dedupe_key', type: 'text', of: (job) => job.dedupeKey ?? null },
  { name: 'batch_id', type: 'uuid', of: (job) => job.batchId ?? null },
  { name: 'request_id', type: 'text', of: (job) => job.requestId ?? null },
  { name: 'dependencies_open', type: 'int', of: (job) => job.dependenciesOpen ?? 0 },
]

/**
 * Inserts jobs in their order.
 * @param channel where to ring in the same statement; only outside a transaction, and without dedupe keys
 * @returns the ids of the jobs that will run, in order: with a dedupe key, perhaps of one that waits already
 */
export async function insertJobs(
  db: Db | Tx,
  list: readonly Insertion[],
  channel?: string,
): Promise<string[]> {
  const plain = list.every(({ dedupeKey }) => dedupeKey === undefined)
  if (plain) {
    const insertion = sql`insert into jobs ${insertedRows(list)}`
    await db.execute(
      channel === undefined
        ? insertion
        : sql`with added as (${insertion} returning id) select pg_notify(${channel}, 'queued') from added limit 1`,
    )
    return list.map(({ id }) => id)
  }
  return db.transaction(async (tx) => {
    const isOneByOne = list.some(({ onDuplicate = 'keep' }) => onDuplicate !== 'keep')
    if (!isOneByOne) return insertUnlessWaiting(tx, list)
    const ids: string[] = []
    for (const job of list) {
      if (job.onDuplicate === 'replace' || job.onDuplicate === 'reschedule')
        ids.push(await insertOrChange(tx, job, job.onDuplicate))
      else ids.push(...(await insertUnlessWaiting(tx, [job])))
    }
    return ids
  })
}

const onWaiting = sql`on conflict (tenant_id, kind, dedupe_key)
  where dedupe_key is not null and status in ('queued', 'waiting')`

async function insertUnlessWaiting(tx: Tx, list: readonly Insertion[]): Promise<string[]> {
  const inserted = await tx.execute<{ id: string }>(
    sql`insert into jobs ${insertedRows(list)} ${onWaiting} do nothing returning id`,
  )
  const made = new Set([...inserted].map(({ id }) => id))
  const ids: string[] = []
  for (const job of list) ids.push(made.has(job.id) ? job.id : await waitingJob(tx, job))
  return ids
}

async function waitingJob(tx: Tx, job: Insertion): Promise<string> {
  const [row] = await tx.execute<{ id: string }>(sql`
    select id from jobs where tenant_id = ${job.tenantId} and kind = ${job.kind}
      and dedupe_key = ${job.dedupeKey ?? null} and status in ('queued', 'waiting')`)
  // It has just been leased, so a new one may be queued behind it.
  return row?.id ?? (await insertUnlessWaiting(tx, [job]))[0] ?? job.id
}

/** One that waits for other jobs goes on waiting for them, whatever its new time is; one that is to be cancelled will be. */
async function insertOrChange(
  tx: Tx,
  job: Insertion,
  policy: Exclude<DuplicatePolicy, 'keep'>,
): Promise<string> {
  const content =
    policy === 'replace'
      ? sql`payload = excluded.payload, priority = excluded.priority,
          attempts_max = greatest(jobs.attempts, excluded.attempts_max), run_ms_max = excluded.run_ms_max,`
      : sql``
  const [row] = await tx.execute<{ id: string }>(sql`
    insert into jobs ${insertedRows([job])} ${onWaiting} do update set ${content}
      run_at = case when jobs.dependency_failed then jobs.run_at else excluded.run_at end,
      version = jobs.version + 1,
      status = case when jobs.dependencies_open > 0 or jobs.dependency_failed then 'waiting' else excluded.status end
    returning id`)
  return row?.id ?? job.id
}

/**
 * Column names and the select that gives their values. Three texts in all: every value apart; what the list has in
 * common once; and that for jobs that may begin at once, of which nothing need be computed.
 */
function insertedRows(list: readonly Insertion[]): SQL {
  const [first] = list
  const isShared = otherColumns.every(({ of }) => {
    const one = first && of(first)
    return list.every((job) => of(job) === one)
  })
  if (!first || !isShared) return rowsApart(list, [...ownColumns, ...otherColumns], sql``)
  const { delayMs = 0, runAt, dependenciesOpen = 0 } = first
  if (delayMs <= 0 && !runAt && dependenciesOpen === 0) return rowsAtOnce(list, first)
  const shared = otherColumns.map(
    ({ name, type, of }) => sql`, ${of(first)}::${sql.raw(`${type} as ${name}`)}`,
  )
  return rowsApart(list, ownColumns, sql.join(shared))
}

const names = (columns: readonly Column[]): string => columns.map(({ name }) => name).join(', ')
const storedColumns = otherColumns.filter(({ name }) => name !== 'delay_ms' && name !== 'at')

const listed = (list: readonly Insertion[], columns: readonly Column[]): SQL =>
  sql`unnest(${sql.join(
    columns.map(({ type, of }) => sql`${arrayOf(list.map(of))}::${sql.raw(type)}[]`),
    sql`, `,
  )}) u(${sql.raw(names(columns))})`

function rowsAtOnce(list: readonly Insertion[], first: Insertion): SQL {
  const shared = storedColumns.map(({ type, of }) => sql`${of(first)}::${sql.raw(type)}`)
  return sql`(id, payload, run_at, status, ${sql.raw(names(storedColumns))})
    select id, payload::jsonb, now.at, 'queued', ${sql.join(shared, sql`, `)}
    from (select clock_timestamp() as at) now, ${listed(list, ownColumns)}`
}

function rowsApart(list: readonly Insertion[], columns: readonly Column[], shared: SQL): SQL {
  return sql`(id, payload, run_at, status, ${sql.raw(names(storedColumns))})
    select id, payload::jsonb, due,
      case when dependencies_open > 0 or due > now.at then 'waiting' else 'queued' end, ${sql.raw(names(storedColumns))}
    from (select clock_timestamp() as at) now cross join lateral (
      select n.*, coalesce(n.at, now.at + n.delay_ms * interval '1 millisecond') as due
      from (select ${sql.raw(names(columns))} ${shared} from ${listed(list, columns)}) n) r`
}

// JSON's escapes of a quote and a backslash are also those of an array.
const arrayOf = (values: readonly Value[]): string =>
  `{${values.map((value) => (value === null ? 'null' : JSON.stringify(String(value)))).join(',')}}`
