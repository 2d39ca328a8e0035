import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../harness/eventually.ts'
import { kill, type Stack } from '../harness/stack.ts'
import { Load } from './load.ts'

export type Victim = { role: string; name?: string }

export type Rehearsal = {
  load: Load
  lost: string[]
  restoredMs: number
  /** Roles and names of all processes, before and after. */
  before: string[]
  after: string[]
}

/** Without these the load itself would be refused. */
export const unlimited = {
  RATE_KEY_PER_SECOND: '100000',
  RATE_KEY_BURST: '100000',
  RATE_ADDRESS_PER_SECOND: '100000',
  RATE_ADDRESS_BURST: '100000',
}

/** The longest that any request may take: Caddy gives up at 30 s. */
export const deadlineMs = 32_000

const loadMs = 700 // before a kill and after the return
const restoreMs = 30_000
const settleMs = 30_000

const named = (processes: readonly { role: string; name: string }[]) =>
  processes.map(({ role, name }) => `${role} ${name}`).sort()

/**
 * Kills one process so many times under load, waits for it each time, and looks what became of everything.
 * @throws {Error} it was not restored, or a process was left over
 */
export async function rehearse(stack: Stack, victim: Victim, kills: number): Promise<Rehearsal> {
  const before = named((await stack.status()).processes)
  const load = new Load(stack)
  let restoredMs = 0
  for (let time = 0; time < kills; time += 1) {
    await pause(loadMs)
    restoredMs = Math.max(restoredMs, await killOnce(stack, victim))
  }
  await pause(loadMs)
  await load.stop()
  const lost = await load.lost()
  await eventually(
    'the number of processes is what it was',
    async () => (await stack.ownPids()).length === before.length,
    settleMs,
  )
  const after = named((await stack.status()).processes)
  const rehearsal = { load, lost, restoredMs, before, after }
  print(victim, kills, rehearsal)
  return rehearsal
}

/** @returns milliseconds until another process has its place and everything is well */
async function killOnce(stack: Stack, { role, name = '' }: Victim): Promise<number> {
  const pid = await stack.pidOf(role, name)
  const killedAt = performance.now()
  kill(pid, 'SIGKILL')
  await eventually(
    `another ${role} ${name} runs`,
    async () => (await stack.pidOf(role, name).catch(() => pid)) !== pid,
    restoreMs,
  )
  await stack.becomes('ok', restoreMs)
  return Math.round(performance.now() - killedAt)
}

function print({ role, name }: Victim, kills: number, rehearsal: Rehearsal): void {
  const { load, lost, restoredMs } = rehearsal
  const statuses = Map.groupBy(load.failures, ({ status }) => status)
  const figures = {
    fault: name ? `${role}:${name}` : role,
    kills,
    requests: load.requests,
    acknowledged: load.acknowledged,
    lost: lost.length,
    failed: load.failures.length,
    longest_ms: load.longestMs,
    restored_ms: restoredMs,
    ...Object.fromEntries([...statuses].map(([status, list]) => [`status_${status}`, list.length])),
  }
  const words = Object.entries(figures).map(([key, value]) => `${key}=${value}`)
  console.log(words.join(' '))
}
