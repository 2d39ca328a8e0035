import { readFileSync } from 'node:fs'
import { defineCommand } from 'citty'
import { type Config, loadConfig, socketPath } from '../config.ts'
import { command, NotRunning, readStatus } from '../supervisor/control-client.ts'
import { orExplain, printStep } from './terminal.ts'

const endMs = 10_000

export const stop = defineCommand({
  meta: { name: 'stop', description: 'End every process of the stack and wait for it' },
  run: () =>
    orExplain(async () => {
      const wasRunning = await stopStack(loadConfig())
      console.log(wasRunning ? 'stopped' : 'The stack was not running.')
    }),
})

/**
 * Ends the stack and makes sure that all its processes are gone.
 * @returns whether there was one
 * @throws {Error} names the processes that are still there
 */
export async function stopStack(config: Config): Promise<boolean> {
  const socket = socketPath(config.paths.run, 'supervisor.sock')
  try {
    const { processes } = await readStatus(socket)
    await command(socket, '/stop', { onStep: printStep })
    await areGone(processes.map(({ pid }) => pid))
    return true
  } catch (err) {
    if (err instanceof NotRunning) return false
    throw err
  }
}

async function areGone(pids: number[]): Promise<void> {
  const deadline = Date.now() + endMs
  for (;;) {
    const left = pids.filter(isAlive)
    if (left.length === 0) return
    if (Date.now() > deadline)
      throw new Error(`These processes have not ended: ${left.join(', ')}.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

// A process that ended but was not yet waited for by its parent still has its number.
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}
