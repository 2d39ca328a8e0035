import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Ended, kill, newStack, type Stack } from '../harness/stack.ts'

// A first start takes some three seconds on an idle machine; the kill falls anywhere in it.
const killedWithinMs = 5_000
const rounds = 5

const deploy = (stack: Stack): Promise<Ended> => stack.run('./deploy-local.sh', ['--no-smoke'])

/** Starts for the first time and stays with it for `ms`. @returns the command's process group */
async function beginStart(stack: Stack, ms: number): Promise<number> {
  const { env, checkout: cwd } = stack
  const options = { env, cwd, detached: true, stdio: 'ignore' } as const
  const command = spawn('bash', ['deploy-local.sh', '--no-smoke'], options)
  await pause(ms)
  return command.pid ?? 0
}

const supervisorOf = async (stack: Stack): Promise<number> =>
  (await stack.livingPids('host-supervisor'))[0] ?? 0

/** Kills what there is; whoever has ended already, or is not there yet, is nobody's loss. */
const killings: Record<string, (stack: Stack, command: number) => Promise<void>> = {
  'the command': async (_, command) => {
    kill(command, 'SIGKILL')
  },
  'the command and all that it started': async (_, command) => {
    kill(-command, 'SIGKILL')
  },
  'the supervisor': async (stack) => {
    const pid = await eventually('it is there', () => supervisorOf(stack))
    await pause(randomInt(2_000))
    kill(pid, 'SIGKILL')
  },
  everything: async (stack, command) => {
    kill(-command, 'SIGKILL')
    for (const pid of await stack.livingPids()) kill(pid, 'SIGKILL')
  },
}

test.each(Object.keys(killings))(
  'kill -9 of %s in a first start is repaired by the next run',
  {
    timeout: 300_000,
  },
  async (who) => {
    for (let round = 0; round < rounds; round += 1) {
      const stack = await newStack()
      const afterMs = randomInt(killedWithinMs)
      await killings[who]?.(stack, await beginStart(stack, who === 'the supervisor' ? 0 : afterMs))
      const startedAt = performance.now()
      const { code, output } = await deploy(stack)
      expect(code, output).toBe(0)
      await stack.becomes('ok')
      const repairedMs = Math.round(performance.now() - startedAt)
      console.log(`fault=first-start killed="${who}" after_ms=${afterMs} repaired_ms=${repairedMs}`)
      const reply = await stack.request('/v1/documents', { method: 'POST', body: 'fox' })
      expect(reply.status).toBe(202)
      const roles = (await stack.processes()).map(({ role }) => role)
      expect(new Set(roles).size).toBe(7)
      await stack.remove()
    }
  },
)
