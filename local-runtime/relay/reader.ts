import type { ErrorEntry, ErrorGroups } from '../../functions/_shared/ports/redis.ts'
import { readSocketJson } from '../socket-json.ts'

// A request may wait for the entries; the counts are only ever asked for by an operator.
const entriesTimeoutMs = 150
const groupsTimeoutMs = 1_000
const healthTimeoutMs = 150

export type RelayEntries = { entries: ErrorEntry[]; degraded: boolean; dropped: number }

/**
 * Asks the relay for what it holds, newest first.
 * @throws {Error} it does not answer within 150 ms
 */
export const readRelayEntries = (socketPath: string, limit: number): Promise<RelayEntries> =>
  readSocketJson({ socketPath, path: `/entries?limit=${limit}`, timeoutMs: entriesTimeoutMs })

/**
 * Asks the relay for its counts of entries that are alike, most frequent first.
 * @throws {Error} it does not answer within 1 s
 */
export const readRelayGroups = (socketPath: string): Promise<ErrorGroups> =>
  readSocketJson({ socketPath, path: '/groups', timeoutMs: groupsTimeoutMs })

/**
 * Asks whether the relay is there, and how many lines were lost since it started.
 * @throws {Error} it does not answer within 150 ms
 */
export const readRelayHealth = (socketPath: string): Promise<{ dropped: number }> =>
  readSocketJson({ socketPath, path: '/health', timeoutMs: healthTimeoutMs })
