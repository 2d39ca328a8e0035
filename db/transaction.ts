import type { Sql, TransactionSql } from 'postgres'
import { sendCopy } from './copy.ts'
import { DatabaseUnavailable, isConnectFailure, isConnectionLost, isRetryable } from './errors.ts'
import type { Gate } from './gate.ts'
import {
  deadlineMs,
  lazyStatement,
  pause,
  poolWaitMs,
  type StatementContext,
  settled,
  startQuery,
} from './statement.ts'

const attemptsMax = 4

/** What Drizzle uses of a transaction's client, and `copy`, which it does not know. */
export type TransactionClient = {
  options: unknown
  unsafe(text: string, params?: unknown[]): ReturnType<typeof lazyStatement<unknown>>
  copy(text: string, chunks: readonly Uint8Array[]): Promise<void>
  savepoint<T>(work: (client: TransactionClient) => Promise<T>): Promise<T>
}
type Work<T> = (client: TransactionClient) => Promise<T>

/** `refusal` answers every further statement; `lost` says that the connection is gone with it. */
type Fate = { refusal: unknown; lost: boolean; fail: (err: unknown) => void }

/**
 * Runs `work` in a transaction, again when the server asks for it (40001, 40P01) or no connection could be had.
 * `work` may therefore run several times and must have no effect outside the transaction.
 */
export async function runTransaction<T>(
  sql: Sql,
  { context, gate }: { context: StatementContext; gate: Gate },
  work: Work<T>,
): Promise<T> {
  const leave = await gate.enter()
  try {
    for (let attempt = 1; ; attempt += 1) {
      let started = false
      try {
        return await attemptTransaction(sql, context, (client) => {
          started = true
          return work(client)
        })
      } catch (err) {
        const again =
          isRetryable(err) || (!started && (isConnectFailure(err) || isConnectionLost(err)))
        if (!again || attempt >= attemptsMax) throw err
        await pause(attempt)
      }
    }
  } finally {
    leave()
  }
}

/**
 * The guard. When a connection dies inside `begin`, the driver rejects `begin` but keeps the callback running, and the
 * connection may serve another request meanwhile: a further statement, and the driver's own `rollback` or `commit`
 * after the callback, would land in that request's transaction. So a lost callback gets no further statement
 * and never reports back to the driver.
 * @see porsager/postgres#1066, #1154, #1155, #1186, #1208, #1215
 */
function attemptTransaction<T>(sql: Sql, context: StatementContext, work: Work<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const fate: Fate = { refusal: null, lost: false, fail: reject }
    // The driver waits without limit for its own `begin`, `commit` and `rollback`.
    const waits = (ms: number, code: 'POOL_WAIT' | 'DEADLINE', what: string) =>
      setTimeout(() => {
        fate.refusal ??= new DatabaseUnavailable(code, `no ${what} within ${ms} ms`)
        reject(fate.refusal)
      }, ms)
    let timer = waits(poolWaitMs, 'POOL_WAIT', 'connection for a transaction')
    const callback = async (inner: TransactionSql) => {
      clearTimeout(timer)
      if (fate.refusal !== null) throw fate.refusal
      try {
        return await relayed(fate, work(guardedClient(inner, context, fate)))
      } finally {
        timer = waits(deadlineMs(context), 'DEADLINE', 'end of a transaction')
      }
    }
    sql
      .begin(callback)
      .then(
        (value) => {
          end(fate, new DatabaseUnavailable('TRANSACTION_OVER', 'the transaction is over'))
          resolve(value as T)
        },
        (err: unknown) => {
          end(fate, new DatabaseUnavailable('TRANSACTION_LOST', 'it failed', { cause: err }))
          reject(err)
        },
      )
      .finally(() => clearTimeout(timer))
  })
}

function end(fate: Fate, refusal: DatabaseUnavailable): void {
  fate.refusal ??= refusal
  fate.lost = true
}

/** The callback's outcome as the driver may learn it: never, once the connection is lost. */
function relayed<T>(fate: Fate, outcome: Promise<T>): Promise<T> {
  return new Promise((commit, rollback) => {
    outcome.then(
      (value) => {
        if (fate.lost) return
        if (fate.refusal === null) commit(value)
        else rollback(fate.refusal)
      },
      (err: unknown) => {
        if (!fate.lost) rollback(err)
      },
    )
  })
}

function guardedClient(
  inner: TransactionSql,
  context: StatementContext,
  fate: Fate,
): TransactionClient {
  const judged = async <T>(run: () => Promise<T>): Promise<T> => {
    if (fate.refusal !== null) throw fate.refusal
    try {
      return await run()
    } catch (err) {
      judge(fate, err)
      throw err
    }
  }
  return {
    options: Reflect.get(inner, 'options') ?? {},
    unsafe: (text, params = []) =>
      lazyStatement((asArrays) =>
        judged(() => {
          const query = startQuery(inner, context, { text, params, asArrays })
          return settled(query, context, { inTransaction: true })
        }),
      ),
    copy: (text, chunks) => judged(() => sendCopy(inner, context, { text, chunks })),
    savepoint: async (work) => {
      if (fate.refusal !== null) throw fate.refusal
      const run = inner.savepoint((nested) =>
        relayed(fate, work(guardedClient(nested, context, fate))),
      )
      return (await run) as Awaited<ReturnType<typeof work>>
    },
  }
}

function judge(fate: Fate, err: unknown): void {
  if (isConnectionLost(err)) fate.lost = true
  else if (!(err instanceof DatabaseUnavailable)) return
  fate.refusal ??= err
  fate.fail(err)
}
