import { AsyncLocalStorage } from 'node:async_hooks'

/** Milliseconds that one request has spent waiting for the database; statements at once count each. */
export type DatabaseTime = { ms: number }

const current = new AsyncLocalStorage<DatabaseTime>()

/** Runs `work`; what it waits for the database is added to `time`. */
export const withDatabaseTime = <T>(time: DatabaseTime, work: () => T): T => current.run(time, work)

/** Adds the duration of a wait for the database to the request that waits. */
export async function timed<T>(wait: () => Promise<T>): Promise<T> {
  const time = current.getStore()
  if (!time) return wait()
  const startedAt = performance.now()
  try {
    return await wait()
  } finally {
    time.ms += performance.now() - startedAt
  }
}

/** Runs work that serves many requests, so that none of them is charged for it. */
export const outsideDatabaseTime = (work: () => void): void => current.exit(work)
