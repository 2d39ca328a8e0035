import { drizzle } from 'drizzle-orm/postgres-js'
import type { Db } from '../../db/client.ts'
import * as schema from '../../db/schema/index.ts'
import * as system from '../../db/system.ts'

const id = '00000000-0000-7000-8000-000000000000'
const claim = { worker: 'listener', places: { any: 1 }, limit: 1, leaseMs: 1, afterTenantId: id }

const all = { tenantId: null }

/**
 * How each function of db/system.ts is called. The compiler asks for an entry when one is added: every statement
 * without a tenant is named here, and nowhere else is one allowed.
 */
export const systemCalls: { [K in keyof typeof system]: (db: Db) => Promise<unknown> } = {
  findKey: (db) => system.findKey(db, id),
  leaseJobs: (db) => system.leaseJobs(db, claim),
  leaseLimitedJobs: (db) => system.leaseLimitedJobs(db, claim),
  hasLimits: (db) => system.hasLimits(db, ['any']),
  recoverExpiredLeases: (db) => system.recoverExpiredLeases(db, 1),
  promoteDueJobs: (db) => system.promoteDueJobs(db, 1),
  releaseDependents: (db) => system.releaseDependents(db, 1),
  listAllJobs: (db) => system.listAllJobs(db, { ...all, status: null, kind: null, limit: 1 }),
  findJobAnywhere: (db) => system.findJobAnywhere(db, { ...all, id }),
  listRunningJobs: (db) => system.listRunningJobs(db, { ...all, limit: 1 }),
  listRecentFailures: (db) => system.listRecentFailures(db, { ...all, limit: 1 }),
  listTenantsWithEnded: (db) => system.listTenantsWithEnded(db, { ...all, status: 'dead' }),
  countOpenJobs: (db) => system.countOpenJobs(db, all),
  countEndedJobs: (db) => system.countEndedJobs(db, { ...all, since: new Date(0) }),
  listWorkers: (db) => system.listWorkers(db, all),
  readWaitFacts: (db) => system.readWaitFacts(db, { tenantId: id, id }),
  reportWorker: (db) => system.reportWorker(db, { id, name: 'any', kinds: {}, aliveMs: 1 }),
  removeWorker: (db) => system.removeWorker(db, id),
  listJobLimits: (db) => system.listJobLimits(db, all),
  readQueueCounters: (db) => system.readQueueCounters(db),
  lockDueSchedules: (db) => system.lockDueSchedules(db, { limit: 1 }),
  msUntilNextSchedule: (db) => system.msUntilNextSchedule(db),
  sumPageImageBytes: (db) => system.sumPageImageBytes(db),
  listLeastUsedPageImages: (db) =>
    system.listLeastUsedPageImages(db, { usedBefore: null, limit: 1 }),
  listExpiredTrash: (db) => system.listExpiredTrash(db, { before: new Date(0), limit: 1 }),
  deleteOldWebhookEvents: (db) => system.deleteOldWebhookEvents(db, new Date(0)),
  deleteExpiredIdempotencyKeys: (db) => system.deleteExpiredIdempotencyKeys(db, new Date(0)),
}

let texts: Promise<Set<string>> | undefined

/** The texts of all statements of db/system.ts: each function runs once on a database that only listens. */
export function systemStatements(): Promise<Set<string>> {
  texts ??= listenTo(Object.values(systemCalls))
  return texts
}

async function listenTo(calls: ((db: Db) => Promise<unknown>)[]): Promise<Set<string>> {
  const heard = new Set<string>()
  for (const call of calls) await call(listeningDb(heard))
  return heard
}

/** A database in which every statement is heard and gives no rows. */
export function listeningDb(heard: Set<string>): Db {
  const unsafe = (text: string) => {
    heard.add(text)
    const rows = Object.assign([], { count: 0 })
    return Object.assign(Promise.resolve(rows), { values: async () => rows })
  }
  const options = { parsers: {}, serializers: {} }
  const begin = (work: (client: object) => Promise<unknown>) => work({ options, unsafe })
  const client = { options, unsafe, begin }
  return drizzle(client as never, { schema }) as unknown as Db
}
