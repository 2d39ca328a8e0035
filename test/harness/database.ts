import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { inject } from 'vitest'

const leakDeadlineMs = 2_000

export type TestDatabase = { url: string; name: string }

const created: TestDatabase[] = []
const closers: (() => void | Promise<void>)[] = []
let shared: Promise<TestDatabase> | undefined

/** Runs `close` after this file's last test, before its databases are dropped; the newest first. */
export function onFileEnd(close: () => void | Promise<void>): void {
  closers.push(close)
}

/** This file's own database: made from the template when first asked for, dropped after the file. */
export function testDatabase(): Promise<TestDatabase> {
  shared ??= createTestDatabase()
  return shared
}

/** One more database with all migrations and no rows; `{ empty: true }` gives one without migrations. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const name = `octavo_test_${randomBytes(6).toString('hex')}`
  const template = options.empty ? 'template0' : inject('template')
  // Copying files takes a third of the time that writing each block to the log does, where nothing waits for the disk.
  await asAdmin((admin) =>
    admin.unsafe(`create database ${name} template ${template} strategy file_copy`),
  )
  const url = new URL(inject('adminUrl'))
  url.pathname = `/${name}`
  const database = { url: url.href, name }
  created.push(database)
  return database
}

/** Closes and drops all that this file made; the first fault fails the file. */
export async function endFile(): Promise<void> {
  const faults: unknown[] = []
  const steps = [...closers.splice(0).reverse(), () => dropTestDatabases()]
  for (const step of steps) {
    try {
      await step()
    } catch (err) {
      faults.push(err)
    }
  }
  if (faults.length > 0) throw faults[0]
}

/**
 * Drops what this file made.
 * @throws {Error} a connection is still open: whoever opened it forgot to close it
 */
export async function dropTestDatabases(waitMs = leakDeadlineMs): Promise<void> {
  const names = created.splice(0).map((database) => database.name)
  shared = undefined
  if (names.length === 0) return
  const leaked = await asAdmin(async (admin) => {
    const open = await openConnections(admin, names, waitMs)
    for (const name of names) await dropDatabase(admin, name)
    return open
  })
  if (leaked.length > 0) {
    throw new Error(`connections left open by this file: ${leaked.join('; ')}`)
  }
}

/**
 * `with (force)` ends left connections, but may not end autovacuum, which belongs to the superuser; a plain drop asks it
 * to leave and waits.
 */
async function dropDatabase(admin: postgres.Sql, name: string): Promise<void> {
  try {
    await admin.unsafe(`drop database if exists ${name} with (force)`)
  } catch (err) {
    if ((err as { code?: string }).code !== '42501') throw err
    await admin.unsafe(`drop database if exists ${name}`)
  }
}

/** Closing is asynchronous on the server's side, so a closed connection gets a moment to vanish. */
async function openConnections(
  admin: postgres.Sql,
  names: string[],
  waitMs: number,
): Promise<string[]> {
  const deadline = Date.now() + waitMs
  for (;;) {
    const rows = await admin<{ application_name: string; query: string }[]>`
      select application_name, left(query, 80) as query from pg_stat_activity
      where datname = any(${names}) and backend_type = 'client backend'`
    if (rows.length === 0 || Date.now() > deadline) {
      return rows.map((row) => `${row.application_name || 'unnamed'} (${row.query})`)
    }
    await sleep(10)
  }
}

async function asAdmin<T>(work: (admin: postgres.Sql) => Promise<T>): Promise<T> {
  const admin = postgres(inject('adminUrl'), { max: 1, onnotice: () => {} })
  try {
    return await work(admin)
  } finally {
    await admin.end({ timeout: 1 })
  }
}
