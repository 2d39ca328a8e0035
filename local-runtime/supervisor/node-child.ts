import type { Log } from '../../functions/_shared/ports/log.ts'
import {
  type Child,
  type ChildMessage,
  type ChildSpec,
  type Running,
  startChild,
  stopChild,
} from './child.ts'
import { lastEntered } from './entered.ts'

export type NodeChildSpec = ChildSpec & {
  /** For messages, such as "isolate users,keys". */
  name: string
  /** It reports `ready` within this time or is killed. */
  readyMs: number
  /** After SIGTERM; then it is killed. */
  stopMs: number
  /** Silent for so long once it serves, it is killed: its event loop is blocked. */
  heartbeatMs: number
  /** Above 80 % it is renewed, above 100 % killed. */
  rssBytesMax: number
  /** Where an isolate notes which of `functions` it entered last. */
  entered?: { fd: number; functions: readonly string[] }
  log: Log
}

/** A running process of ours, and when it should be replaced before it must be killed. */
export type NodeChild = Running & { needsRenewal: Promise<void> }

// Blocked or not, a look twice a second names it soon after its time is over.
const lookMs = 250
const renewalShare = 0.8

/**
 * Starts one of our programs, waits until it serves, and watches over its event loop and memory.
 * @throws {Error} it ended, was not ready in time, or refused to serve; the message holds the last that it wrote,
 * or its reason
 */
export async function startNodeChild(spec: NodeChildSpec): Promise<NodeChild> {
  const child = await startChild(spec)
  const { needsRenewal, silentMs } = watch(child, spec)
  try {
    const { pid, exited } = child
    const { remark, loaded = [] } = await isReady(child, spec)
    const stop = (waitMs = spec.stopMs) => stopChild(child, 'SIGTERM', waitMs)
    return { pid, exited, needsRenewal, silentMs, remark, loaded, stop }
  } catch (err) {
    await stopChild(child, 'SIGKILL', 0)
    throw err
  }
}

type Ready = Extract<ChildMessage, { type: 'ready' }>

async function isReady(child: Child, { name, readyMs }: NodeChildSpec): Promise<Ready> {
  const { promise, resolve, reject } = Promise.withResolvers<Ready>()
  const timer = setTimeout(() => {
    reject(new Error(`${name} was not ready after ${readyMs / 1000} s. ${child.tail()}`))
  }, readyMs)
  child.process.on('message', (message) => {
    const said = message as ChildMessage
    if (said.type === 'ready') resolve(said)
    if (said.type === 'refused') reject(new Error(said.reason))
  })
  void child.exited.then(({ code, signal }) =>
    reject(new Error(`${name} ended at once (${signal ?? `exit code ${code}`}). ${child.tail()}`)),
  )
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function watch(child: Child, spec: NodeChildSpec) {
  const renewal = Promise.withResolvers<void>()
  let heardAtMs = performance.now()
  let lookedAtMs = heardAtMs
  // Until it has loaded its code it cannot speak, and on a busy machine that takes long: `readyMs` bounds it.
  let isServing = false
  const silentMs = () => performance.now() - heardAtMs
  child.process.on('message', (message) => {
    heardAtMs = performance.now()
    const said = message as ChildMessage
    if (said.type === 'ready') isServing = true
    if (said.type !== 'beat') return
    if (said.rssBytes > spec.rssBytesMax) killFor(child, spec, 'exceeded its memory limit')
    else if (said.rssBytes > spec.rssBytesMax * renewalShare) renewal.resolve()
  })
  const look = () => {
    const nowMs = performance.now()
    // We were kept from looking, so from listening too: that time is no silence of the child.
    const lateMs = Math.max(0, nowMs - lookedAtMs - lookMs)
    heardAtMs = Math.min(nowMs, heardAtMs + lateMs)
    lookedAtMs = nowMs
    if (!isServing || silentMs() <= spec.heartbeatMs) return
    // Once: its end may be told later than the next look.
    clearInterval(timer)
    killFor(child, spec, 'blocked its event loop')
  }
  const timer = setInterval(look, lookMs)
  void child.exited.then(() => clearInterval(timer))
  return { needsRenewal: renewal.promise, silentMs }
}

function killFor(child: Child, { name, entered, log }: NodeChildSpec, reason: string): void {
  if (!child.isRunning()) return
  const culprit = entered ? lastEntered(entered.fd, entered.functions) : null
  const suspect = culprit === null ? '' : `; it was in ${culprit}`
  log.error(`${name} ${reason} and was killed${suspect}`, {
    code: 'process_killed',
    pid: child.pid,
    function: culprit,
  })
  child.process.kill('SIGKILL')
}
