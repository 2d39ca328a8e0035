import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Log } from '../../functions/_shared/ports/log.ts'
import type { Role } from './child.ts'
import {
  caddyDuty,
  hostDuty,
  type IsolateHosting,
  isolateDuty,
  postgresDuty,
  type Release,
  redisDuty,
} from './duties.ts'
import { type Duty, Keeper } from './keeper.ts'
import { memoryOf, type ProcessMemory } from './memory.ts'
import { FunctionSockets } from './sockets.ts'

/** One line that a deployment or a stop tells. */
export type Step = {
  step: string
  ms: number
  note: string
  /** Names of the processes that this step started or replaced. */
  changed?: readonly string[]
}
export type Emit = (step: Step) => void

export type ProcessState = {
  role: Role
  name: string
  pid: number
  restarts: number
  memory: ProcessMemory | null
}

/** One process that shall run, and whether it does. */
export type KeptService = {
  name: string // "worker", "isolate users,keys"
  pid: number | null // null: it does not run
  restarts: number // after it had ended unexpectedly
  silentMs: number | null // since it was last heard; null where a program does not report
  version: string | null // null: our own, or unknown
  remark: string | null // it runs, but something is wrong with it
}

const run = promisify(execFile)
const taskTimeoutMs = 180_000
// Later roles need earlier ones; the end comes in reverse.
const roleOrder: readonly Role[] = ['postgres', 'redis', 'relay', 'isolate', 'worker', 'caddy']

/** Holds the stack together: one keeper for each process, the functions' sockets, and the order of start and end. */
export class Supervisor {
  readonly #log: Log
  readonly #sockets: FunctionSockets
  readonly #keepers = new Map<string, Keeper>()
  readonly #hosting: IsolateHosting
  #turn: Promise<unknown> = Promise.resolve()
  #isStopping = false

  constructor(log: Log, runFolder: string) {
    this.#log = log
    this.#sockets = new FunctionSockets(runFolder)
    this.#hosting = { sockets: this.#sockets, loaded: () => this.#loadedFunctions() }
  }

  /**
   * Brings everything to this release; what fits already is left alone. May be called at any time, again and again.
   * @throws {Error} the first step that failed, in one sentence; what runs keeps running
   */
  deploy(release: Release, emit: Emit): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isStopping) throw new Error('The stack is being stopped.')
      const timed = steps(emit)
      await timed('postgres', () => this.#ensure(postgresDuty(release), 'postgres', 'DATABASE_URL'))
      await timed('redis', () => this.#ensure(redisDuty(release), 'redis', 'REDIS_URL'))
      await timed('relay', () => this.#ensure(hostDuty(release, 'relay'), 'relay'))
      await timed('migrations', () => task(release, 'migrate'))
      await timed('tenant and key', () => task(release, 'operator'))
      await this.#ensureIsolates(release, timed)
      await timed('worker', () => this.#ensure(hostDuty(release, 'worker'), 'worker'))
      await timed('caddy', () => this.#ensure(caddyDuty(release), 'caddy'))
    })
  }

  /**
   * Replaces what a new build changed: isolates, worker. For development.
   * @throws {Error} as {@link deploy}
   */
  replace(release: Release, emit: Emit): Promise<void> {
    return this.#inTurn(async () => {
      const timed = steps(emit)
      await this.#ensureIsolates(release, timed)
      await timed('worker', () => this.#ensure(hostDuty(release, 'worker'), 'worker'))
    })
  }

  /** Ends everything, last started first, and waits for it. */
  stop(emit: Emit): Promise<void> {
    this.#isStopping = true
    return this.#inTurn(async () => {
      const timed = steps(emit)
      for (const role of roleOrder.toReversed()) {
        const keepers = [...this.#keepers].filter(([key]) => key.split(' ')[0] === role)
        if (keepers.length === 0) continue
        await timed(role, async () => {
          await Promise.all(keepers.map(([, keeper]) => keeper.stop()))
          return keepers.length > 1 ? `${keepers.length} stopped` : 'stopped'
        })
      }
      this.#sockets.close()
    })
  }

  async processes(): Promise<ProcessState[]> {
    const own = { role: 'supervisor' as const, name: 'supervisor', pid: process.pid, restarts: 0 }
    const kept = [...this.#keepers.values()].flatMap(({ duty, running, draining, restarts }) => {
      if (duty === null) return []
      const all = [...(running ? [running] : []), ...draining]
      return all.map(({ pid }) => ({ role: duty.role, name: duty.name, pid, restarts }))
    })
    return Promise.all(
      [own, ...kept].map(async (state) => ({ ...state, memory: await memoryOf(state.pid) })),
    )
  }

  /** From memory alone, so that it may be asked often. */
  services(): KeptService[] {
    return [...this.#keepers].map(([name, { running, restarts }]) => ({
      name,
      restarts,
      pid: running?.pid ?? null,
      silentMs: running?.silentMs ? Math.round(running.silentMs()) : null,
      version: running?.version ?? null,
      remark: running?.remark ?? null,
    }))
  }

  async #ensure(duty: Duty | null, key: string, elsewhere = ''): Promise<Done> {
    if (duty === null) return `not ours: ${elsewhere} is set`
    const note = await this.#keeper(key).ensure(duty)
    return note === 'unchanged' ? note : { note, changed: [duty.name] }
  }

  #keeper(key: string): Keeper {
    const keeper = this.#keepers.get(key) ?? new Keeper(this.#log)
    this.#keepers.set(key, keeper)
    return keeper
  }

  /**
   * Brings each group by itself: one whose new code cannot be loaded keeps its predecessor, the others go on.
   * @throws {Error} after the step was told: why groups were not brought to this release, a line each
   */
  async #ensureIsolates(release: Release, timed: Timed): Promise<void> {
    const failures: string[] = []
    await timed('isolates', async () => {
      const results = await Promise.all(
        release.groups.map((group) => this.#ensureIsolate(release, group)),
      )
      failures.push(...results.flatMap(({ failure }) => (failure === null ? [] : [failure])))
      // Only now: until their successors listened, these held the sockets.
      if (failures.length === 0)
        await this.#endOtherIsolates(
          new Set(release.groups.map((group) => `isolate ${group.join(',')}`)),
        )
      const changed = results.filter(({ result }) => /started|replaced/.test(result))
      return { note: summary(results), changed: changed.map(({ name }) => name) }
    })
    if (failures.length > 0) throw new Error(failures.join('\n'))
  }

  async #ensureIsolate(release: Release, group: readonly string[]): Promise<Result> {
    const duty = isolateDuty(release, group, this.#hosting)
    const keeper = this.#keeper(`isolate ${duty.name}`)
    const { name } = duty
    try {
      const result = await keeper.ensure(duty)
      return { name, result, remark: keeper.running?.remark ?? null, failure: null }
    } catch (err) {
      const reason = err instanceof Error ? err.message : String(err)
      if (keeper.running === null) return { name, result: 'failed', remark: null, failure: reason }
      const failure = `isolate ${name} serves its earlier code: ${reason}`
      return { name, result: 'kept as before', remark: null, failure }
    }
  }

  #loadedFunctions(): ReadonlySet<string> {
    return new Set([...this.#keepers.values()].flatMap(({ running }) => running?.loaded ?? []))
  }

  async #endOtherIsolates(kept: ReadonlySet<string>): Promise<void> {
    for (const [key, keeper] of this.#keepers) {
      if (!key.startsWith('isolate ') || kept.has(key)) continue
      this.#keepers.delete(key)
      await keeper.stop()
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }
}

type Done = string | { note: string; changed: readonly string[] }
type Timed = (step: string, work: () => Promise<Done>) => Promise<void>

function steps(emit: Emit): Timed {
  return async (step, work) => {
    const startedAt = performance.now()
    const done = await work()
    const ms = Math.round(performance.now() - startedAt)
    emit({ step, ms, ...(typeof done === 'string' ? { note: done } : done) })
  }
}

type Result = { name: string; result: string; remark: string | null; failure: string | null }

/** "2 unchanged, 1 replaced (users,keys); cannot be loaded and answer 503: keys (Error: ...)" */
function summary(results: Result[]): string {
  const kinds = Map.groupBy(results, ({ result }) => result)
  const counts = [...kinds].map(([kind, members]) => {
    const names = members.map(({ name }) => name).join('; ')
    return `${members.length} ${kind}${kind === 'unchanged' ? '' : ` (${names})`}`
  })
  const remarks = results.flatMap(({ remark }) => (remark === null ? [] : [`; ${remark}`]))
  return counts.join(', ') + remarks.join('')
}

/** Runs a short task of `tasks.ts`. @throws {Error} with what it said */
async function task({ config, manifest, env }: Release, name: string): Promise<string> {
  const program = join(manifest.directory, manifest.hosts.tasks)
  try {
    const options = { env: env as NodeJS.ProcessEnv, timeout: taskTimeoutMs, cwd: config.checkout }
    const { stdout } = await run(process.execPath, [program, name], options)
    return stdout.trim()
  } catch (err) {
    const { stderr, message } = err as { stderr?: string; message: string }
    throw new Error(stderr?.trim() || message, { cause: err })
  }
}
