import type { Database } from '../../db/client.ts'
import { openDatabase } from '../../db/client.ts'
import type { Deps, FunctionConfig } from '../../functions/_shared/ports/deps.ts'
import { registry } from '../../local-runtime/registry.ts'
import { type TestClock, testClock } from './clock.ts'
import { onFileEnd, testDatabase } from './database.ts'
import { recordedLog } from './log.ts'
import { memoryRedis } from './redis-port.ts'
import { type Requests, requestsOf, type TestApp } from './requests.ts'
import { checkStatements, recordStatement } from './statements.ts'
import { memoryStorage } from './storage.ts'
import { createTenant, type TestTenant } from './tenants.ts'

export type SetupOptions = {
  config?: Partial<FunctionConfig>
  deps?: Partial<Deps>
  limits?: Parameters<typeof memoryRedis>[0]['limits']
}

export type Actor = TestTenant & Requests

/** Frozen like the real configuration; limits are small so that tests meet them cheaply. */
const testConfig: FunctionConfig = {
  version: '0.0.0-test',
  functionNames: registry.map(({ name }) => name),
  corsOrigins: [],
  jsonBytesMax: 1024 * 1024,
  uploadBytesMax: 8 * 1024 * 1024,
  artifactBytesMax: 1024 * 1024,
  requestTimeoutMs: 10_000,
  duplicatePolicy: 'link',
  webhooksAllowPrivate: false,
  conferencesAllowPrivate: false,
  secret: new Uint8Array(32).fill(7),
  reference: {
    openapi: async () => '{"openapi":"3.1.0"}',
    asset: async () => null,
    health: async () => ({}),
  },
}

let opened: Promise<Database> | undefined
let operator: Promise<TestTenant> | undefined

/** This file's database through the real client, every statement recorded. Closed after the file. */
export function openTestDatabase(): Promise<Database> {
  opened ??= testDatabase().then(({ url }) => {
    const database = openDatabase({
      url,
      poolMax: 4,
      prepare: true,
      applicationName: 'octavo-test',
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 5_000,
      onStatement: recordStatement,
    })
    onFileEnd(checkStatements)
    onFileEnd(() => {
      // The next file of this worker sees the same modules, and gets a database of its own.
      opened = undefined
      operator = undefined
      return database.close()
    })
    return database
  })
  return opened
}

/**
 * Real routes on this file's database, for a tenant of the test's own. The bundle itself speaks for that
 * tenant; `otherTenant` and `operator` speak for theirs, through the same app.
 */
export async function setup<A extends TestApp>(
  createApp: (deps: Deps) => A,
  options: SetupOptions = {},
) {
  const { db, sql, line } = await openTestDatabase()
  operator ??= createTenant(db, { isOperator: true })
  const clock: TestClock = testClock()
  const redis = memoryRedis({ now: clock.now, ...(options.limits && { limits: options.limits }) })
  const log = recordedLog()
  const storage = memoryStorage({ now: clock.now })
  const config = Object.freeze({ ...testConfig, ...options.config })
  const deps: Deps = { db, redis, storage, log, now: clock.now, config, ...options.deps }
  const app = createApp(deps)
  const [tenant, other, operatorTenant] = await Promise.all([
    createTenant(db),
    createTenant(db),
    operator,
  ])
  const speaking = (of: TestTenant): Actor => ({ ...of, ...requestsOf(app, of) })
  return {
    ...requestsOf(app, tenant),
    app,
    deps,
    db,
    sql,
    line,
    clock,
    config,
    storage,
    redis,
    logLines: log.lines,
    tenant,
    otherTenant: speaking(other),
    operator: speaking(operatorTenant),
  }
}
