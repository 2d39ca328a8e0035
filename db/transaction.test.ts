import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { beforeAll, expect, test } from 'vitest'
import { onFileEnd, testDatabase } from '../test/harness/database.ts'
import { type Db, openDatabase, type Tx } from './client.ts'
import { databaseFault, isUnavailable } from './errors.ts'

let db: Db
let admin: postgres.Sql

beforeAll(async () => {
  const { url } = await testDatabase()
  const database = openDatabase({
    url,
    poolMax: 1,
    prepare: true,
    applicationName: 'victim',
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
  })
  admin = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} })
  await admin`create table notes (note text primary key)`
  db = database.db
  onFileEnd(async () => {
    await database.close()
    await admin.end()
  })
})

const insert = (tx: Tx | Db, note: string) => tx.execute(sql`insert into notes values (${note})`)
const notes = async () => (await admin`select note from notes order by note`).map((row) => row.note)
const kill = () =>
  admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'victim'`
const signal = () => {
  let fire = () => {}
  const fired = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { fire, fired }
}

test('a transaction commits as a whole and rolls back as a whole', async () => {
  await db.transaction(async (tx) => {
    await insert(tx, 'whole-1')
    await insert(tx, 'whole-2')
  })
  const broken = db.transaction(async (tx) => {
    await insert(tx, 'whole-3')
    throw new Error('changed my mind')
  })
  await expect(broken).rejects.toThrow('changed my mind')
  expect((await notes()).filter((note) => note.startsWith('whole'))).toEqual(['whole-1', 'whole-2'])
})

test('a savepoint can fail alone', async () => {
  await db.transaction(async (tx) => {
    await insert(tx, 'saved-1')
    const inner = tx.transaction(async (nested) => {
      await insert(nested, 'saved-2')
      await insert(nested, 'saved-1')
    })
    await expect(inner).rejects.toThrow()
    await insert(tx, 'saved-3')
  })
  expect((await notes()).filter((note) => note.startsWith('saved'))).toEqual(['saved-1', 'saved-3'])
})

test.each([
  { callback: 'returns', next: 'commits' },
  { callback: 'returns', next: 'rolls back' },
  { callback: 'throws', next: 'commits' },
])(
  'a lost callback that $callback has no power over the next transaction, which $next',
  async (how) => {
    const resumed = signal()
    const started = signal()
    let refused: unknown
    const name = `${how.callback}, ${how.next}`
    const lost = db.transaction(async (tx) => {
      await insert(tx, `${name}: lost-1`)
      started.fire()
      await resumed.fired
      refused = await insert(tx, `${name}: lost-2`).catch((err: unknown) => err)
      if (how.callback === 'throws') throw refused
    })
    const outcome = lost.catch((err: unknown) => err)
    await started.fired
    await kill()
    expect(isUnavailable(await outcome)).toBe(true)
    const next = db.transaction(async (tx) => {
      await insert(tx, `${name}: next`)
      resumed.fire()
      // The lost callback runs on here; had it any power, it would end this transaction.
      for (let turn = 0; turn < 5; turn += 1) await tx.execute(sql`select 1`)
      if (how.next === 'rolls back') throw new Error('changed my mind')
    })
    await next.catch(() => {})
    expect(isUnavailable(refused)).toBe(true)
    const written = (await notes()).filter((note) => note.startsWith(name))
    expect(written).toEqual(how.next === 'commits' ? [`${name}: next`] : [])
  },
)

test('a statement that meets the loss itself fails the transaction at once', async () => {
  const outcome = await db
    .transaction(async (tx) => {
      await insert(tx, 'met-1')
      await kill()
      await insert(tx, 'met-2').catch(() => {})
      await insert(tx, 'met-3').catch(() => {})
    })
    .catch((err: unknown) => err)
  expect(isUnavailable(outcome)).toBe(true)
  expect((await notes()).filter((note) => note.startsWith('met'))).toEqual([])
})

test('a transaction that is over refuses whoever kept hold of it', async () => {
  let kept: Tx | undefined
  await db.transaction(async (tx) => {
    kept = tx
    await insert(tx, 'over-1')
  })
  const late = kept && insert(kept, 'over-2').catch((err: unknown) => err)
  expect(databaseFault(await late)?.code).toBe('TRANSACTION_OVER')
})

test.each(['40001', '40P01'])('a transaction that ends with %s runs again', async (code) => {
  let runs = 0
  await db.transaction(async (tx) => {
    runs += 1
    await insert(tx, `again-${code}`)
    if (runs < 3)
      await tx.execute(
        sql.raw(`do $$ begin raise exception 'again' using errcode = '${code}'; end $$`),
      )
  })
  expect(runs).toBe(3)
  expect(await notes()).toContain(`again-${code}`)
})

test('a transaction that can never succeed gives up after a few runs, with the last error', async () => {
  let runs = 0
  const outcome = db.transaction(async (tx) => {
    runs += 1
    await tx.execute(sql.raw(`do $$ begin raise exception 'x' using errcode = '40001'; end $$`))
  })
  const err = await outcome.catch((cause: unknown) => cause)
  expect(databaseFault(err)?.code).toBe('40001')
  expect(runs).toBe(4)
})

test('statements of one transaction may wait for each other longer than for a connection', async () => {
  await db.transaction(async (tx) => {
    await Promise.all([tx.execute(sql`select pg_sleep(2.7), ${1}::int`), insert(tx, 'patient')])
  })
  expect(await notes()).toContain('patient')
})

test('an error of the callback itself does not run it again', async () => {
  let runs = 0
  const outcome = db.transaction(async () => {
    runs += 1
    throw new Error('mine')
  })
  await expect(outcome).rejects.toThrow('mine')
  expect(runs).toBe(1)
})
