import { newestMigration } from '../../db/newest-migration.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { readNewestAppliedMs, readPostgresVersion } from './queries.ts'

export type CheckStatus = 'ok' | 'degraded' | 'down'
type Check = { status: CheckStatus; version?: string }
export type Report = {
  status: CheckStatus
  /** What the first check that is down threw; for the log, never for the caller. */
  cause: unknown
  checks: { database: Check; migrations: Check; storage: Check; redis: Check }
}

// Probes ask every few seconds and give up soon; an answer after that is no answer.
const checkMsMax = 1_500

/** Rejects when `work` has not settled in time. What it does later is its own affair. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${checkMsMax} ms`)), checkMsMax)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * The checks of one process. Whoever asks while they run gets the result of that run: anybody may ask, as
 * often as they like, and each run writes to storage.
 */
export function newChecks(deps: Deps): () => Promise<Report> {
  let running: Promise<Report> | null = null
  return () => {
    running ??= runChecks(deps).finally(() => {
      running = null
    })
    return running
  }
}

/** All that Octavo cannot serve without, and Redis, which it can. The four are asked at once. */
async function runChecks(deps: Deps): Promise<Report> {
  const [database, migrations, storage, redis] = await Promise.all([
    guarded(async () => ({ status: 'ok', version: await readPostgresVersion(deps.db) })),
    guarded(() => checkMigrations(deps)),
    guarded(async () => {
      await deps.storage.check()
      return { status: 'ok' }
    }),
    checkRedis(deps),
  ])
  const firstDown = [database, migrations, storage].find(({ check }) => check.status === 'down')
  const checks = {
    database: database.check,
    migrations: migrations.check,
    storage: storage.check,
    redis,
  }
  return { status: worst(checks), cause: firstDown?.cause, checks }
}

async function guarded(work: () => Promise<Check>): Promise<{ check: Check; cause?: unknown }> {
  try {
    return { check: await inTime(work()) }
  } catch (cause) {
    return { check: { status: 'down' }, cause }
  }
}

// A database newer than this code is what a rolling upgrade looks like from the old side.
async function checkMigrations({ db }: Deps): Promise<Check> {
  const isApplied = (await readNewestAppliedMs(db)) >= newestMigration.createdAtMs
  return { status: isApplied ? 'ok' : 'down', version: newestMigration.name }
}

async function checkRedis({ redis }: Deps): Promise<Check> {
  try {
    const { status, version } = await inTime(redis.state())
    return { status, ...(version === null ? {} : { version }) }
  } catch {
    return { status: 'degraded' }
  }
}

function worst(checks: Report['checks']): CheckStatus {
  const states = Object.values(checks).map(({ status }) => status)
  return states.includes('down') ? 'down' : states.includes('degraded') ? 'degraded' : 'ok'
}

/** Names of what is down, for the one sentence of a 503. */
export const namesDown = ({ checks }: Report): string[] =>
  Object.entries(checks).flatMap(([name, { status }]) => (status === 'down' ? [name] : []))
