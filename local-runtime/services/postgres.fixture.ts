import { randomInt } from 'node:crypto'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { checkPostgres } from './health.ts'
import { type PostgresOptions, type RunningPostgres, startPostgres } from './postgres.ts'

const homes: string[] = []
const servers: RunningPostgres[] = []
let prepared: string

/** Prepares a first home, and removes after each test what it made. Each test file that starts servers calls it once. */
export function keepServers(): void {
  beforeAll(async () => {
    prepared = mkdtempSync(join(tmpdir(), 'octavo-pg-'))
    const server = await start(prepared)
    await server.stop()
  })

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()))
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
  })

  afterAll(() => rmSync(prepared, { recursive: true, force: true }))
}

/** An empty home, removed after the test. Only its owner can enter it, and the tests hold below such a folder. */
export function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'octavo-pg-'))
  homes.push(home)
  return home
}

/** A home whose first start is over: most tests are about later ones. */
export function preparedHome(): string {
  const home = newHome()
  cpSync(prepared, home, { recursive: true, preserveTimestamps: true })
  return home
}

export const randomPort = (): number => randomInt(12_000, 29_000)

/** Postgres in this home, stopped after the test. */
export async function start(
  home: string,
  options: Partial<PostgresOptions> = {},
): Promise<RunningPostgres> {
  const server = await startPostgres({ home, port: randomPort(), isDurable: false, ...options })
  servers.push(server)
  return server
}

/** Runs one statement as app_user, over a connection of its own. */
export async function query<Row extends object>(
  server: RunningPostgres,
  text: string,
): Promise<Row[]> {
  return await queryAs<Row>(server.url, server.password.reveal(), text)
}

export async function queryAs<Row extends object>(
  url: string,
  password: string,
  text: string,
): Promise<Row[]> {
  const sql = postgres(url, { password, max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    return await sql.unsafe<Row[]>(text)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

export const health = ({ url, password }: RunningPostgres) =>
  checkPostgres({ url, password, timeoutMs: 3000 })
