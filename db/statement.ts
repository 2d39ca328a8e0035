import type { PendingQuery, Row, Sql } from 'postgres'
import {
  DatabaseUnavailable,
  isConnectFailure,
  isConnectionLost,
  isRetryable,
  isUnavailable,
} from './errors.ts'

/** How long a statement may wait for a connection before it is given up. */
export const poolWaitMs = 2_500
/** The server's own timeout answers first, with a better error; this one is for a server that is silent. */
const deadlineSlackMs = 1_000
/** How long a call keeps trying to reach a database that is away. A quick restart is invisible then. */
const retryMs = 1_000
const retriesMax = 8
/** How often a statement is run again that the server took back whole (deadlock, serialisation, stale plan). */
const takenBackMax = 3
/** Texts prepared per pool. More means that somebody builds texts from values; those run unprepared. */
const preparedTextsMax = 1_000
/** Statements in flight or waiting per pool; beyond, refusing at once is kinder than a queue of minutes. */
const statementsMax = 10_000

/** What all statements of one pool share. */
export type StatementContext = {
  prepare: boolean
  statementTimeoutMs: number
  observe: (text: string) => void
  preparedTexts: Set<string>
  inFlight: number
}

type Runner = Pick<Sql, 'unsafe'>
type Query = PendingQuery<Row[]> & { state: unknown; reject(err: unknown): void }

/** One statement as Drizzle asks for it: started when awaited, `values()` gives arrays instead of objects. */
export function lazyStatement<T>(run: (asArrays: boolean) => Promise<T>) {
  const lazy = (asArrays: boolean) => ({
    // biome-ignore lint/suspicious/noThenProperty: Drizzle awaits the driver's query, which starts when awaited
    then: (...on: Parameters<Promise<T>['then']>) => run(asArrays).then(...on),
  })
  return { ...lazy(false), values: () => lazy(true) }
}

/** Runs one statement outside a transaction, with the retry rules. */
export async function runStatement(
  runner: Runner,
  context: StatementContext,
  call: { text: string; params: unknown[]; asArrays: boolean },
): Promise<unknown> {
  const startedAt = performance.now()
  for (let attempt = 0; ; attempt += 1) {
    const query = startQuery(runner, context, call)
    try {
      return await settled(query, context)
    } catch (err) {
      const isTakenBack = isRetryable(err)
      const isLate = performance.now() - startedAt > retryMs
      // A deadlock is found only after a second; waiting for a database that is away has to end sooner.
      const isSpent = isTakenBack ? attempt >= takenBackMax : isLate || attempt >= retriesMax
      if (isSpent || !mayRunAgain(err, query, call.text)) throw err
      await pause(attempt)
    }
  }
}

/** Starts one statement; `settled` waits for it. */
export function startQuery(
  runner: Runner,
  context: StatementContext,
  { text, params, asArrays }: { text: string; params: unknown[]; asArrays: boolean },
): Query {
  context.observe(text)
  const query = runner.unsafe(text, params as never[], { prepare: mayPrepare(context, text) })
  return (asArrays ? query.values() : query) as unknown as Query
}

/** The statement's result, or an error inside the deadline whatever the server does. */
export async function settled(
  query: Query,
  context: StatementContext,
  place: { inTransaction: boolean } = { inTransaction: false },
): Promise<unknown> {
  if (context.inFlight >= statementsMax)
    throw new DatabaseUnavailable('POOL_FULL', `${statementsMax} statements are waiting already`)
  context.inFlight += 1
  const stop = watch(query, context, place)
  try {
    return await query
  } finally {
    stop()
    context.inFlight -= 1
  }
}

export const deadlineMs = (context: StatementContext): number =>
  context.statementTimeoutMs + deadlineSlackMs

function watch(
  query: Query,
  context: StatementContext,
  { inTransaction }: { inTransaction: boolean },
): () => void {
  const answerMs = deadlineMs(context)
  const waitMs = Math.min(poolWaitMs, answerMs)
  // A transaction has its connection, and its statements wait for each other only. Cancelling one that waits there
  // would stop the driver's line behind it, `rollback` included.
  let timer = inTransaction ? setTimeout(giveUp, answerMs) : setTimeout(checkWait, waitMs)
  return () => clearTimeout(timer)

  function checkWait() {
    // `state` is the connection that a statement was given to.
    if (query.state !== null) timer = setTimeout(giveUp, answerMs - waitMs)
    else abandon(query, new DatabaseUnavailable('POOL_WAIT', `no connection within ${waitMs} ms`))
  }
  function giveUp() {
    query.reject(new DatabaseUnavailable('DEADLINE', `no answer within ${answerMs} ms`))
  }
}

/** Takes a statement that no connection has yet out of the driver's queue: it must not run later. */
function abandon(query: Query, err: DatabaseUnavailable): void {
  query.reject(err)
  query.cancel()
}

/** Gives a statement of the bare driver the same deadlines, from the moment in which it is started. */
export function withDeadlines(query: object, context: StatementContext): void {
  const watched = query as Query & { handle(): unknown }
  const start = watched.handle.bind(watched)
  let stop: (() => void) | undefined
  watched.handle = () => {
    if (!stop) {
      stop = watch(watched, context, { inTransaction: false })
      // Not the query's own `then`, which would start it.
      Promise.prototype.then.call(watched, stop, stop)
    }
    return start()
  }
}

function mayPrepare(context: StatementContext, text: string): boolean {
  if (!context.prepare) return false
  if (context.preparedTexts.has(text)) return true
  if (context.preparedTexts.size >= preparedTextsMax) return false
  context.preparedTexts.add(text)
  return true
}

function mayRunAgain(err: unknown, query: Query, text: string): boolean {
  if (err instanceof DatabaseUnavailable) return false
  // The server has taken the whole statement back, a write too.
  if (isRetryable(err)) return true
  if (query.state === null && isUnavailable(err)) return true
  return isConnectFailure(err) || (isConnectionLost(err) && isRead(text))
}

/** A statement that only reads, by its first word (after a comment): running it twice changes nothing. */
const isRead = (text: string): boolean =>
  /^\s*(\/\*[^*]*\*\/\s*)?select\b/i.test(text) &&
  !/\bfor\s+(no\s+key\s+)?(update|share|key)\b/i.test(text)

/** Exponential with full jitter, so that the calls of one outage do not return in step. */
export function pause(attempt: number): Promise<void> {
  const boundMs = Math.min(20 * 2 ** attempt, 250)
  return new Promise((resolve) => setTimeout(resolve, Math.random() * boundMs))
}
