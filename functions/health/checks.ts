import { isUnavailable } from '../../db/errors.ts'
import { newestMigration } from '../../db/newest-migration.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { readNewestAppliedMs, readPostgresVersion } from './queries.ts'

export type CheckStatus = 'ok' | 'degraded' | 'down'
type Check = { status: CheckStatus; version?: string }
export type Report = {
  status: CheckStatus
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
  const guarded = async (name: string, work: () => Promise<Check>): Promise<Check> => {
    try {
      return await inTime(work())
    } catch (err) {
      // An absent database is told by the caller's reply; its every probe need not be an entry.
      if (!isUnavailable(err)) deps.log.warn(`${name} is not healthy`, { check: name }, err)
      return { status: 'down' }
    }
  }
  const [database, migrations, storage, redis] = await Promise.all([
    guarded('database', async () => ({
      status: 'ok',
      version: await readPostgresVersion(deps.db),
    })),
    guarded('migrations', () => checkMigrations(deps)),
    guarded('storage', async () => {
      await deps.storage.check()
      return { status: 'ok' }
    }),
    checkRedis(deps),
  ])
  return summary({ database, migrations, storage, redis })
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

function summary(checks: Report['checks']): Report {
  const states = Object.values(checks).map((check) => check.status)
  const status = states.includes('down') ? 'down' : states.includes('degraded') ? 'degraded' : 'ok'
  return { status, checks }
}

/** Names of what is down, for the one sentence of a 503. */
export const namesDown = ({ checks }: Report): string[] =>
  Object.entries(checks).flatMap(([name, { status }]) => (status === 'down' ? [name] : []))
