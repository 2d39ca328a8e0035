import { setTimeout as wait } from 'node:timers/promises'
import type { Log } from '../../functions/_shared/ports/log.ts'
import { Backoff } from './backoff.ts'
import type { Role, Running } from './child.ts'
import type { NodeChild } from './node-child.ts'

/** One process that shall run. */
export type Duty = {
  role: Role
  name: string
  /** Equal versions are the same program with the same inputs. */
  version: string
  /** Resolves when it serves. */
  start(): Promise<Running | NodeChild>
  /** The successor starts before the predecessor ends; only where both can run at once. */
  overlap: boolean
  /** How long it has to end when everything ends; then it is killed. Default: 5 s. */
  endMsMax?: number
}

// When everything ends, nobody waits for streams that may stay open for ever; a replaced process does.
const endMsMaxDefault = 5_000

export type Ensured = 'started' | 'replaced' | 'unchanged'
type Current = { duty: Duty; running: Running; startedAtMs: number; hasEnded: boolean }

/** Keeps one process running: starts it, restarts it when it dies, replaces it, stops it. */
export class Keeper {
  readonly #log: Log
  readonly #backoff: Backoff
  #wanted: Duty | null = null
  #current: Current | null = null
  #turn: Promise<unknown> = Promise.resolve()
  readonly #drainings = new Set<Running>()
  restarts = 0

  constructor(log: Log, backoff = new Backoff()) {
    this.#log = log
    this.#backoff = backoff
  }

  get running(): Running | null {
    return this.#current === null || this.#current.hasEnded ? null : this.#current.running
  }

  get duty(): Duty | null {
    return this.#wanted
  }

  /** Predecessors that still finish what they were doing. */
  get draining(): readonly Running[] {
    return [...this.#drainings]
  }

  /**
   * Makes `duty` what runs here: starts it, replaces another version, leaves an equal one alone.
   * @throws {Error} it did not start; an overlapping predecessor then serves on
   */
  ensure(duty: Duty): Promise<Ensured> {
    return this.#inTurn(async () => {
      const predecessor = this.running
      if (predecessor && this.#wanted?.version === duty.version) return 'unchanged'
      if (predecessor && !duty.overlap) {
        this.#wanted = null
        await predecessor.stop()
      }
      const running = await duty.start()
      this.#wanted = duty
      this.#adopt(duty, running)
      if (predecessor && duty.overlap) this.#drain(predecessor)
      return predecessor ? 'replaced' : 'started'
    })
  }

  /** Ends the process and all that still drain. */
  stop(): Promise<void> {
    this.#wanted = null
    return this.#inTurn(async () => {
      const all = [...this.#drainings, ...(this.running ? [this.running] : [])]
      const endMsMax = this.#current?.duty.endMsMax ?? endMsMaxDefault
      await Promise.all(all.map((running) => running.stop(endMsMax)))
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  #adopt(duty: Duty, running: Running | NodeChild): void {
    const current = { duty, running, startedAtMs: Date.now(), hasEnded: false }
    this.#current = current
    void running.exited.then((exit) => {
      current.hasEnded = true
      if (this.#current !== current || this.#wanted === null) return
      const livedMs = Date.now() - current.startedAtMs
      this.#log.error(`${duty.role} ${duty.name} ended unexpectedly`, {
        code: 'process_ended',
        pid: running.pid,
        exit_code: exit.code,
        signal: exit.signal,
        lived_ms: livedMs,
      })
      void this.#restart(livedMs)
    })
    if ('needsRenewal' in running) void running.needsRenewal.then(() => this.#renew(current))
  }

  async #renew(current: Current): Promise<void> {
    const { duty } = current
    this.#log.warn(`${duty.role} ${duty.name} is close to its memory limit and is replaced`, {
      code: 'process_renewed',
      pid: current.running.pid,
    })
    await this.#inTurn(async () => {
      if (this.#wanted !== duty || this.#current !== current || current.hasEnded) return
      if (!duty.overlap) return
      this.#adopt(duty, await duty.start())
      this.#drain(current.running)
    }).catch((err: unknown) =>
      this.#log.error(`${duty.role} ${duty.name} could not be replaced`, {}, err),
    )
  }

  /** Tries until it runs, or until nobody wants it any more. */
  async #restart(livedMs: number): Promise<void> {
    let waitMs = this.#backoff.nextMs(livedMs)
    for (;;) {
      await wait(waitMs)
      const isDone = await this.#inTurn(() => this.#startAgain())
      if (isDone) return
      waitMs = this.#backoff.nextMs(0)
    }
  }

  async #startAgain(): Promise<boolean> {
    const duty = this.#wanted
    if (duty === null || this.running) return true
    try {
      this.restarts += 1
      this.#adopt(duty, await duty.start())
      return true
    } catch (err) {
      const code = 'restart_failed'
      this.#log.error(`${duty.role} ${duty.name} could not be restarted`, { code }, err)
      return false
    }
  }

  #drain(predecessor: Running): void {
    this.#drainings.add(predecessor)
    void predecessor.stop().finally(() => this.#drainings.delete(predecessor))
  }
}
