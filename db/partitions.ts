import type { Sql } from 'postgres'

/** The tables that are partitioned by range of a UUIDv7 `id`, one partition a month (UTC). */
const partitionedTables = ['job_history', 'run_events'] as const
/** Months made ahead, so that a worker that is down for weeks leaves nothing to the default partition. */
const monthsAhead = 2
/** Attaching takes a short exclusive lock on the default partition: rather try again tomorrow than hold up writers. */
const lockTimeoutMs = 2_000

type Month = { year: number; month: number }

/** The smallest UUIDv7 of a moment; the bound between what was made before it and after. */
export function uuidBound(at: Date): string {
  const hex = at.getTime().toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}

const startOf = ({ year, month }: Month): Date => new Date(Date.UTC(year, month, 1))
const monthOf = (at: Date): Month => ({ year: at.getUTCFullYear(), month: at.getUTCMonth() })
const addMonths = ({ year, month }: Month, count: number): Month =>
  monthOf(new Date(Date.UTC(year, month + count, 1)))
const suffixOf = ({ year, month }: Month): string => `${year}_${String(month + 1).padStart(2, '0')}`

/**
 * Makes the partitions of this month and the next ones. Idempotent, safe on several hosts at once; run at every
 * migration and daily by the worker. Rows of the month that fell into the default partition move.
 * @returns the names of the partitions that were made
 */
export async function ensurePartitions(sql: Sql, now: Date): Promise<string[]> {
  const made: string[] = []
  for (const table of partitionedTables) {
    // Not there in a rehearsal of other migrations than ours, or after a rollback to before them.
    if (!(await exists(sql, `${table}_default`))) continue
    for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
      const month = addMonths(monthOf(now), ahead)
      if (await ensurePartition(sql, table, month)) made.push(`${table}_${suffixOf(month)}`)
    }
  }
  return made
}

async function ensurePartition(sql: Sql, table: string, month: Month): Promise<boolean> {
  const name = `${table}_${suffixOf(month)}`
  const from = uuidBound(startOf(month))
  const to = uuidBound(startOf(addMonths(month, 1)))
  if (await exists(sql, name)) return false
  return sql.begin(async (tx) => {
    await tx.unsafe(`set local lock_timeout = ${lockTimeoutMs}`)
    await tx`select pg_advisory_xact_lock(hashtext(${name}))`
    if (await exists(tx, name)) return false
    // Made apart and attached: `create table ... partition of` would lock the whole parent.
    await tx.unsafe(`create table ${name} (like ${table} including all)`)
    await tx.unsafe(`lock table ${table}_default in access exclusive mode`)
    await tx.unsafe(`with moved as (
      delete from ${table}_default where id >= '${from}' and id < '${to}' returning *
    ) insert into ${name} select * from moved`)
    await tx.unsafe(
      `alter table ${table} attach partition ${name} for values from ('${from}') to ('${to}')`,
    )
    return true
  })
}

async function exists(sql: Pick<Sql, 'unsafe'>, name: string): Promise<boolean> {
  const [row] = await sql.unsafe('select to_regclass($1) is not null as found', [name])
  return row?.found === true
}
