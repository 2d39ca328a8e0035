import type { Sql } from 'postgres'
import { openSession } from './driver.ts'
import { readMigrations } from './journal.ts'

type IndexOptions = {
  url: string
  password?: string
  passwordFile?: string
  /** Where the migrations lie; `drizzle/` beside this folder when left out. */
  folder?: string
  log: (line: string) => void
}

/** Found in a migration: the statement with everything behind the name. */
type IndexStatement = { unique: string; table: string; rest: string }

/**
 * Builds an index of a pending migration ahead of it, without locking writers out. The migration then finds it there
 * (it must say `if not exists`). An invalid index that a broken attempt left is dropped first.
 * @returns `created`, or `exists` when there was nothing to do
 * @throws {Error} no migration makes an index of that name; its table is missing; or rows break its uniqueness
 */
export async function createIndexConcurrently(
  name: string,
  options: IndexOptions,
): Promise<'created' | 'exists'> {
  const statement = await findStatement(name, options.folder)
  const sql = openSession(options, 'octavo-index')
  try {
    const state = await indexState(sql, name)
    if (state === 'valid') return 'exists'
    if (state === 'invalid') {
      options.log(`dropping what an earlier attempt left of ${name}`)
      await sql.unsafe(`drop index concurrently ${quoted(name)}`)
    }
    if (await isPartitioned(sql, statement.table)) await createOnPartitions(sql, name, statement)
    else await create(sql, name, statement.table, statement)
    return 'created'
  } finally {
    await sql.end({ timeout: 5 })
  }
}

async function create(sql: Sql, name: string, table: string, { unique, rest }: IndexStatement) {
  await sql.unsafe(`create ${unique}index concurrently ${quoted(name)} on ${quoted(table)} ${rest}`)
}

// Postgres cannot do it in one statement: first on the parent alone, then a partition at a time.
async function createOnPartitions(sql: Sql, name: string, statement: IndexStatement) {
  const { unique, table, rest } = statement
  await sql.unsafe(`create ${unique}index ${quoted(name)} on only ${quoted(table)} ${rest}`)
  const partitions = await sql`
    select c.relname as partition from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = ${table}::regclass`
  for (const { partition } of partitions) {
    const part = `${partition}_${name.replace(`${table}_`, '')}`
    if ((await indexState(sql, part)) === 'missing') await create(sql, part, partition, statement)
    await sql.unsafe(`alter index ${quoted(name)} attach partition ${quoted(part)}`)
  }
}

async function findStatement(name: string, folder?: string): Promise<IndexStatement> {
  const form = new RegExp(
    `^\\s*create\\s+(unique\\s+)?index\\s+(?:if\\s+not\\s+exists\\s+)?"${name}"\\s+on\\s+"(\\w+)"\\s+([^;]+)`,
    'im',
  )
  for (const { statements } of await readMigrations(folder)) {
    for (const statement of statements) {
      const [, unique = '', table, rest] = form.exec(statement) ?? []
      if (table && rest) return { unique, table, rest: rest.trim() }
    }
  }
  throw new Error(`no migration makes an index named ${name}`)
}

async function indexState(sql: Sql, name: string): Promise<'valid' | 'invalid' | 'missing'> {
  const [row] = await sql`
    select indisvalid from pg_index where indexrelid = to_regclass(${quoted(name)})`
  if (!row) return 'missing'
  return row.indisvalid ? 'valid' : 'invalid'
}

async function isPartitioned(sql: Sql, table: string): Promise<boolean> {
  const [row] = await sql`select relkind from pg_class where oid = to_regclass(${quoted(table)})`
  if (!row) throw new Error(`table ${table} does not exist yet: migrate up to it first`)
  return row.relkind === 'p'
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
