import { and, eq, getTableColumns, sql } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Db } from './client.ts'
import { outsideDatabaseTime, timed } from './timing.ts'

/** Ids in one statement. More gains nothing and lets one request's rows wait for many others'. */
const batchIdsMax = 256
/** Reads that may wait at once; beyond, the caller is refused instead of remembered. */
const waitingMax = 20_000

export type ReadById<Row> = (tenantId: string, id: string) => Promise<Row | null>

type Waiter<Row> = { resolve(row: Row | null): void; reject(err: unknown): void }
type Batch<Row> = Map<string, Waiter<Row>[]>

type BatchOptions<Row> = {
  /** One statement for all ids; each id at most once, all of one tenant. Missing rows are left out. */
  read(tenantId: string, ids: string[]): Promise<Row[]>
  idOf(row: Row): string
}

/**
 * Turns reads by id that arrive in one turn of the event loop into one statement a tenant.
 * @returns the row, or `null` when there is none; readers of the same id share one row: do not change it
 * @throws whatever the statement throws, to every reader of that statement
 */
export function batchReads<Row>({ read, idOf }: BatchOptions<Row>): ReadById<Row> {
  let batches = new Map<string, Batch<Row>>()
  let waiting = 0

  async function run(tenantId: string, batch: Batch<Row>) {
    try {
      const rows = await read(tenantId, [...batch.keys()])
      const byId = new Map(rows.map((row) => [idOf(row), row]))
      for (const [id, waiters] of batch)
        for (const waiter of waiters) waiter.resolve(byId.get(id) ?? null)
    } catch (err) {
      for (const waiters of batch.values()) for (const waiter of waiters) waiter.reject(err)
    }
  }

  function flush() {
    const due = batches
    batches = new Map()
    waiting = 0
    for (const [tenantId, batch] of due) void run(tenantId, batch)
  }

  function batchOf(tenantId: string, id: string): Batch<Row> {
    const open = batches.get(tenantId)
    if (open && (open.size < batchIdsMax || open.has(id))) return open
    if (open) outsideDatabaseTime(() => void run(tenantId, open))
    const batch: Batch<Row> = new Map()
    batches.set(tenantId, batch)
    return batch
  }

  return (tenantId, id) =>
    new Promise((resolve, reject) => {
      if (waiting >= waitingMax)
        throw new RangeError(`${waitingMax} reads arrived in one turn of the event loop`)
      if (waiting === 0) outsideDatabaseTime(() => afterThisTurn(flush))
      waiting += 1
      const batch = batchOf(tenantId, id)
      const waiters = batch.get(id)
      if (waiters) waiters.push({ resolve, reject })
      else batch.set(id, [{ resolve, reject }])
    })
}

type TenantTable = PgTable & { tenantId: PgColumn; id: PgColumn }
type RowOf<T extends TenantTable> = T['$inferSelect']
type PointRead<T extends TenantTable, Name extends keyof RowOf<T>> = {
  table: T
  /** The columns to read, by their names in the schema; all of them when left out. `id` is always read. */
  columns?: readonly Name[]
}

const uuidForm = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * A reader of single rows of one table, batched: see {@link batchReads}. Make it once, in `createApp`.
 * An id that is no UUID has no row.
 */
export function pointRead<T extends TenantTable, Name extends keyof RowOf<T> = keyof RowOf<T>>(
  db: Db,
  { table, columns }: PointRead<T, Name>,
): ReadById<Pick<RowOf<T>, Name | 'id'>> {
  type Row = Pick<RowOf<T>, Name | 'id'>
  const all: Record<string, PgColumn> = getTableColumns(table as PgTable)
  const names = columns ? ['id', ...columns.filter((name) => name !== 'id')] : Object.keys(all)
  const statement = db
    .select(Object.fromEntries(names.map((name) => [name, all[String(name)] as PgColumn])))
    .from(table as PgTable)
    .where(
      and(
        eq(table.tenantId, sql.placeholder('tenantId')),
        sql`${table.id} = any(${sql.placeholder('ids')}::uuid[])`,
      ),
    )
    .prepare('point_read')
  const readRow = batchReads<Row>({
    read: async (tenantId, ids) =>
      (await statement.execute({ tenantId, ids: `{${ids.join(',')}}` })) as Row[],
    idOf: (row) => String(Reflect.get(row, 'id')),
  })
  return async (tenantId, id) =>
    uuidForm.test(id) ? timed(() => readRow(tenantId, id.toLowerCase())) : null
}

// A macrotask, so that all requests read from the sockets in this turn are in. `setTimeout` where a host has no
// `setImmediate`: a millisecond later, but the same.
export function afterThisTurn(work: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(work)
  else setTimeout(work, 0)
}
