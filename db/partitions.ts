import { type SQL, sql } from 'drizzle-orm'
import type { Db } from './client.ts'

/** The tables that are partitioned by range of a UUIDv7 `id`, one partition a month (UTC). */
const partitionedTables = ['job_history', 'run_events'] as const
/** Months made ahead, so that a worker that is down for weeks leaves nothing to the default partition. */
const monthsAhead = 2
/** Attaching and dropping lock the parent for a moment: rather try again tomorrow than hold up writers. */
const lockTimeoutMs = 2_000

type Executor = { execute(query: SQL): PromiseLike<Iterable<Record<string, unknown>>> }

/** The smallest UUIDv7 of a moment: the bound between what was made before it and after. */
export function uuidBound(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const monthStart = (at: Date, monthsLater = 0): Date =>
  new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + monthsLater, 1))
const partitionName = (table: string, month: Date): string =>
  `${table}_${month.toISOString().slice(0, 7).replace('-', '_')}`

/**
 * Makes the partitions of this month and the next ones. Idempotent, safe on several hosts at once; run at every
 * migration and daily by the worker. Rows of the month that fell into the default partition move.
 * @returns the names of the partitions that were made
 */
export async function ensurePartitions(db: Db, now: Date): Promise<string[]> {
  const made: string[] = []
  for (const table of partitionedTables) {
    // Not there in a rehearsal of other migrations than ours, or after a rollback to before them.
    if (!(await exists(db, `${table}_default`))) continue
    for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
      const month = monthStart(now, ahead)
      if (await ensurePartition(db, table, month)) made.push(partitionName(table, month))
    }
  }
  return made
}

async function ensurePartition(db: Db, table: string, month: Date): Promise<boolean> {
  const name = partitionName(table, month)
  const from = uuidBound(month)
  const to = uuidBound(monthStart(month, 1))
  if (await exists(db, name)) return false
  return db.transaction(async (tx) => {
    await tx.execute(sql.raw(`set local lock_timeout = ${lockTimeoutMs}`))
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext(${name}))`)
    if (await exists(tx, name)) return false
    // Made apart and attached: `create table ... partition of` would lock the whole parent.
    await tx.execute(sql.raw(`create table ${name} (like ${table} including all)`))
    await tx.execute(sql.raw(`lock table ${table}_default in access exclusive mode`))
    await tx.execute(
      sql.raw(`/* system: move-to-partition */ with moved as (
        delete from ${table}_default where id >= '${from}' and id < '${to}' returning *
      ) insert into ${name} select * from moved`),
    )
    await tx.execute(
      sql.raw(`alter table ${table} attach partition ${name}
        for values from ('${from}') to ('${to}')`),
    )
    return true
  })
}

/**
 * Retention: drops every month that ended before `olderThan`, whole, and what old rows the default partitions hold.
 * @returns the names of the dropped partitions
 */
export async function dropOldPartitions(db: Db, olderThan: Date): Promise<string[]> {
  const dropped: string[] = []
  for (const table of partitionedTables) {
    const oldest = partitionName(table, olderThan)
    const rows = await db.execute(sql`select c.relname as name from pg_inherits i
      join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass(${table})`)
    // Names sort as months do, and `_default` sorts after every year.
    for (const name of [...rows].map((row) => String(row.name)).filter((name) => name < oldest)) {
      await db.transaction(async (tx) => {
        await tx.execute(sql.raw(`set local lock_timeout = ${lockTimeoutMs}`))
        await tx.execute(sql.raw(`drop table ${name}`))
      })
      dropped.push(name)
    }
    await db.execute(
      sql.raw(`/* system: delete-old-rows */ delete from ${table}_default
        where id < '${uuidBound(monthStart(olderThan))}'`),
    )
  }
  return dropped
}

// Not `to_regclass`: it answers from the session's cache, which does not yet know what another host just committed.
async function exists(db: Executor, name: string): Promise<boolean> {
  const [row] = await db.execute(sql`select 1 as found from pg_class
    where relname = ${name} and relnamespace = 'public'::regnamespace`)
  return row !== undefined
}
