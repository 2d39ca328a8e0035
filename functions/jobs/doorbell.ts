import { pause } from '../_shared/http/sse.ts'

type Wanted = { tenantId: string; kinds: readonly string[] }

const laneOf = (tenantId: string, kind: string): string => `${tenantId} ${kind}`

/**
 * Wakes requests that wait for jobs when this process queues some: a job then begins at once and not with the next
 * poll. What others queue is found by that poll, so nothing depends on a ring being heard.
 */
export class Doorbell {
  readonly #waiting = new Map<string, Set<() => void>>()

  /** Wakes as many as there are jobs for, those that came first. */
  ring(tenantId: string, kind: string, jobs = 1): void {
    const waiting = [...(this.#waiting.get(laneOf(tenantId, kind)) ?? [])]
    for (const wake of waiting.slice(0, jobs)) wake()
  }

  /** Until there may be a job of these kinds, or the time is over, or the signal aborts. */
  async wait({ tenantId, kinds }: Wanted, ms: number, signal: AbortSignal): Promise<void> {
    const lanes = kinds.map((kind) => laneOf(tenantId, kind))
    const rung = new AbortController()
    const wake = () => {
      for (const lane of lanes) this.#leave(lane, wake)
      rung.abort()
    }
    for (const lane of lanes) {
      const waiting = this.#waiting.get(lane)
      if (waiting) waiting.add(wake)
      else this.#waiting.set(lane, new Set([wake]))
    }
    try {
      await pause(ms, AbortSignal.any([signal, rung.signal]))
    } finally {
      wake()
    }
  }

  #leave(lane: string, wake: () => void): void {
    const waiting = this.#waiting.get(lane)
    waiting?.delete(wake)
    if (waiting?.size === 0) this.#waiting.delete(lane)
  }
}
