import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { PendingQuery, Row, Sql } from 'postgres'
import { type DatabaseOptions, openPool } from './driver.ts'
import { createGate } from './gate.ts'
import * as schema from './schema/index.ts'
import { lazyStatement, runStatement, type StatementContext, withDeadlines } from './statement.ts'
import { timed } from './timing.ts'
import { runTransaction, type TransactionClient } from './transaction.ts'

export type { DatabaseOptions } from './driver.ts'

/** Drizzle on the pool. Ordinary queries are prepared; `transaction` is guarded and retried. */
export type Db = PostgresJsDatabase<typeof schema>
/** What `db.transaction` hands to its callback. Everything that takes a `Db` takes it too. */
export type Tx = Parameters<Parameters<Db['transaction']>[0]>[0]

export type Database = {
  db: Db
  /**
   * The bare driver on a small pool of its own, for hot statements: its own parsers and the same deadlines, but no
   * retries and no transactions.
   */
  sql: Sql
  /**
   * Drizzle on one connection of its own, for statements that each need to see what the one before has done: they wait for
   * each other in the server, which goes from one to the next without a pause. No transactions.
   */
  line: Db
  close(): Promise<void>
}

const transactionWaitMs = 2_500
const transactionsWaitingMax = 1_000
const closeSeconds = 5

/**
 * Opens the database lazily: the first statement connects, so that a process starts while Postgres is away.
 * @throws {Error} the driver lacks its patch, or the URL is wrong
 */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = openPool(options, options.poolMax)
  const hot = openPool(options, Math.max(1, Math.ceil(options.poolMax / 2)))
  const line = openPool(options, 1)
  const context = statementContext(options)
  const gate = createGate({
    // One connection stays for single statements: a transaction that waits for one would wait for ever.
    places: Math.max(1, options.poolMax - 1),
    waitMsMax: transactionWaitMs,
    waitingMax: transactionsWaitingMax,
  })
  const clientOf = (runner: Sql) => ({
    options: runner.options,
    unsafe: (text: string, params: unknown[] = []) =>
      lazyStatement((asArrays) =>
        timed(() => runStatement(runner, context, { text, params, asArrays })),
      ),
  })
  const client = {
    ...clientOf(pool),
    begin: (work: (client: TransactionClient) => Promise<unknown>) =>
      timed(() => runTransaction(pool, { context, gate }, work)),
  }
  return {
    db: drizzle(client as unknown as Sql, { schema }),
    sql: hotClient(hot, context),
    line: drizzle(clientOf(line) as unknown as Sql, { schema }),
    async close() {
      await Promise.all([pool, hot, line].map((each) => each.end({ timeout: closeSeconds })))
    },
  }
}

function statementContext(options: DatabaseOptions): StatementContext {
  const { prepare, statementTimeoutMs, logSql, onStatement } = options
  const observe = (text: string) => {
    logSql?.(text)
    onStatement?.(text)
  }
  return { prepare, statementTimeoutMs, observe, preparedTexts: new Set(), inFlight: 0 }
}

function hotClient(sql: Sql, context: StatementContext): Sql {
  const watched = (query: PendingQuery<Row[]>, text: string) => {
    context.observe(text)
    withDeadlines(query, context)
    return query
  }
  return new Proxy(sql, {
    apply(target, self, args) {
      const query: PendingQuery<Row[]> = Reflect.apply(target, self, args)
      const [strings] = args
      return Array.isArray(strings?.raw) ? watched(query, strings.raw.join('?')) : query
    },
    get(target, name, self) {
      if (name === 'begin' || name === 'reserve')
        throw new Error('Use db.transaction: only it survives a lost connection.')
      if (name === 'unsafe')
        return (...args: Parameters<Sql['unsafe']>) => watched(sql.unsafe(...args), args[0])
      return Reflect.get(target, name, self)
    },
  })
}
