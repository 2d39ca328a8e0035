import type { ServiceState } from '../functions/_shared/ports/deps.ts'
import { socketPath } from './config.ts'
import { readRelayHealth } from './relay/reader.ts'
import { readSocketJson, UnknownQuestion } from './socket-json.ts'
import type { Services } from './supervisor/control.ts'
import type { KeptService } from './supervisor/supervisor.ts'

type States = Record<string, ServiceState>

const supervisorTimeoutMs = 500
// Five heartbeats. The supervisor may be set to wait much longer before it kills.
const silentMsMax = 2_500
// A stack that lacks one of these is not whole, whether it ended or was never started.
const expected = ['relay', 'worker', 'caddy']
// Functions ask these themselves, wherever they run.
const askedByFunctions = ['postgres', 'redis']

/**
 * What runs beside the functions, by name. Whoever asks while an answer is under way gets that one: anybody may
 * ask for `/v1/health`, as often as they like. Resolves within half a second, whoever is away.
 */
export function newServiceStates(run: string): () => Promise<States> {
  let asking: Promise<States> | null = null
  return () => {
    asking ??= readStates(run).finally(() => {
      asking = null
    })
    return asking
  }
}

async function readStates(run: string): Promise<States> {
  const [kept, asked] = await Promise.all([
    keptStates(socketPath(run, 'supervisor.sock')),
    relayState(socketPath(run, 'relay.sock')),
  ])
  const known = kept.relay
  const isKnownBad = known !== undefined && known.status !== 'ok'
  return { ...kept, relay: isKnownBad ? known : { ...known, ...asked } }
}

/** What the supervisor tells of the processes that it keeps, and itself. */
async function keptStates(supervisorSocket: string): Promise<States> {
  try {
    const { services } = await readSocketJson<Services>({
      socketPath: supervisorSocket,
      path: '/services',
      timeoutMs: supervisorTimeoutMs,
    })
    const missing = expected.map((name) => [name, { status: 'down', detail: 'It does not run.' }])
    const told = services
      .filter(({ name }) => !askedByFunctions.includes(name))
      .map((service) => [service.name, stateOf(service)])
    return { supervisor: { status: 'ok' }, ...Object.fromEntries([...missing, ...told]) }
  } catch (err) {
    return { supervisor: supervisorState(err) }
  }
}

function supervisorState(err: unknown): ServiceState {
  if (err instanceof UnknownQuestion)
    return { status: 'ok', detail: 'It runs earlier code, which does not tell of processes.' }
  return { status: 'degraded', detail: 'It does not answer; nothing that ends is started again.' }
}

function stateOf({ pid, restarts, silentMs, version, remark }: KeptService): ServiceState {
  const known = { restarts, ...(version === null ? {} : { version }) }
  if (pid === null) return { status: 'down', detail: 'It does not run.', ...known }
  if (silentMs !== null && silentMs > silentMsMax)
    return { status: 'degraded', detail: `Not heard for ${silentMs} ms.`, pid, ...known }
  if (remark) return { status: 'degraded', detail: remark, pid, ...known }
  return { status: 'ok', pid, ...known }
}

/** Without the relay requests are served; only the error list stands still. */
async function relayState(relaySocket: string): Promise<ServiceState> {
  try {
    const { dropped } = await readRelayHealth(relaySocket)
    return { status: 'ok', ...(dropped > 0 && { detail: `${dropped} log lines were lost.` }) }
  } catch {
    return { status: 'degraded', detail: 'The error list is not written.' }
  }
}
