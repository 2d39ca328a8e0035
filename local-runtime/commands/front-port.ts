import type { Config } from '../config.ts'
import { assertPortIsFree, poll } from '../services/process.ts'
import { processesIn } from '../services/service-orphans.ts'

// A Caddy that has just been killed may hold its port for a moment longer.
const endingMs = 1_000

/**
 * Tells before anything is started that callers could not reach it. A Caddy of this stack is no obstacle, nor is one
 * that a killed supervisor left: it is ended when its successor starts.
 * @throws {Error} another program holds the port, or this user may not open it; with the ways out
 */
export async function refuseTakenPort({ bind, port, paths }: Config): Promise<void> {
  let reason: unknown = null
  const isFree = async () => {
    if (processesIn(paths.caddy, 'caddy').length > 0) return true
    reason = await assertPortIsFree('Caddy', port, bind).catch((err: unknown) => err)
    return reason === undefined
  }
  if (await poll(isFree, { timeoutMs: endingMs, intervalMs: 50 })) return
  throw reason
}
