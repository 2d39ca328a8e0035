import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { poll, ServiceError } from './process.ts'

/** Ids of processes that run this program in this working folder: in a folder of ours, that is what we started. */
export function processesIn(folder: string, program: string): number[] {
  const real = realpathSync(folder)
  return processIds().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === real && isRunning(pid, program)
    } catch {
      return false
    }
  })
}

/**
 * Ends what a killed supervisor left running in a service's folder.
 * @throws {ServiceError} it does not end within 10 s
 */
export async function endProcessesIn(folder: string, program: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of processesIn(folder, program)) signalQuietly(pid, signal)
    if (await poll(() => processesIn(folder, program).length === 0, { timeoutMs: 5000 })) return
  }
  throw new ServiceError(`An earlier ${program} in ${folder} does not end.`)
}

export function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ESRCH') throw err
  }
}

// A deleted or replaced program file (after "npm ci") shows as "postgres (deleted)"; redis-server may be redis-check-rdb's link.
function isRunning(pid: number, program: string): boolean {
  const running = basename(readlinkSync(`/proc/${pid}/exe`)).replace(' (deleted)', '')
  return running === program || (program === 'redis-server' && running.startsWith('redis-'))
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}
