import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { poll, ServiceError } from './process.ts'
import { processesIn, signalQuietly } from './service-orphans.ts'

/**
 * Ends what a killed supervisor left running in our data folder, and removes the lock file of a postmaster that is no more.
 * Only processes named `postgres` whose working folder is that data folder are touched: nobody but us runs one there.
 * @throws {ServiceError} they do not end
 */
export async function endOrphans(dataDir: string): Promise<void> {
  // Fast shutdown first: it writes a checkpoint and the next start needs no recovery.
  for (const [signal, graceMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5000],
    ['SIGKILL', 5000],
  ] as const) {
    const pids = processesIn(dataDir, 'postgres')
    if (pids.length === 0) break
    const postmaster = postmasterOf(dataDir)
    // Backends follow their postmaster; alone they are asked themselves.
    const asked = postmaster !== null && pids.includes(postmaster) ? [postmaster] : pids
    for (const pid of signal === 'SIGKILL' ? pids : asked) signalQuietly(pid, signal)
    await poll(() => processesIn(dataDir, 'postgres').length === 0, { timeoutMs: graceMs })
  }
  const left = processesIn(dataDir, 'postgres')
  if (left.length > 0) {
    throw new ServiceError(
      `Processes ${left.join(', ')} of an earlier Postgres in ${dataDir} do not end.`,
    )
  }
  // Its process is gone, but another program may have got the same number: then Postgres would refuse to start.
  rmSync(join(dataDir, 'postmaster.pid'), { force: true })
}

function postmasterOf(dataDir: string): number | null {
  const [first] = lockLines(dataDir)
  return first !== undefined && /^\d+$/.test(first) ? Number(first) : null
}

/** The server of this process id takes connections. */
export function isReady(dataDir: string, pid: number): boolean {
  const lines = lockLines(dataDir)
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready'
}

function lockLines(dataDir: string): string[] {
  try {
    return readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}
