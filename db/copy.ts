import type { TransactionSql } from 'postgres'
import type { Tx } from './client.ts'
import { DatabaseUnavailable } from './errors.ts'
import { deadlineMs, type StatementContext } from './statement.ts'
import type { TransactionClient } from './transaction.ts'

type Writable = Awaited<ReturnType<ReturnType<TransactionSql['unsafe']>['writable']>>
type Copy = { text: string; chunks: readonly Uint8Array[] }

/**
 * Copies rows in a transaction; they are there for its next statement. A fault in any of them ends the transaction.
 * @param text `copy <table> (<columns>) from stdin (format binary)`; a tenant table's columns name the tenant
 * @param chunks of a `CopyWriter`, all of them: the server waits for nobody else meanwhile
 */
export function copyIn(tx: Tx, text: string, chunks: readonly Uint8Array[]): Promise<void> {
  const { client } = tx._.session as unknown as { client: TransactionClient }
  return client.copy(text, chunks)
}

/** One COPY on a transaction's connection, or an error inside the deadline whatever the server does. */
export async function sendCopy(
  inner: TransactionSql,
  context: StatementContext,
  { text, chunks }: Copy,
): Promise<void> {
  context.observe(text)
  const { promise: end, resolve, reject } = Promise.withResolvers<void>()
  const ms = deadlineMs(context)
  const timer = setTimeout(
    () => reject(new DatabaseUnavailable('DEADLINE', `no answer within ${ms} ms`)),
    ms,
  )
  let copy: Writable | undefined
  try {
    copy = await Promise.race([inner.unsafe(text).writable(), end as Promise<never>])
    copy.once('finish', resolve)
    copy.once('error', reject)
    for (const chunk of chunks) copy.write(chunk)
    copy.end()
    await end
  } catch (err) {
    // Given up half-way: no statement, `rollback` included, could follow on a connection that still waits for rows.
    copy?.destroy(err as Error)
    throw err
  } finally {
    clearTimeout(timer)
  }
}
