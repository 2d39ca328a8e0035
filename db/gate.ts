import { DatabaseUnavailable } from './errors.ts'

/** Lets so many through at once; the others wait in order, each for a limited time. */
export type Gate = {
  /** @returns how to leave; @throws {DatabaseUnavailable} no place came free in time, or too many wait */
  enter(): Promise<() => void>
}

type GateOptions = { places: number; waitMsMax: number; waitingMax: number }

export function createGate({ places, waitMsMax, waitingMax }: GateOptions): Gate {
  let free = places
  const waiting = new Set<() => void>()

  function leave() {
    const [next] = waiting
    if (!next) {
      free += 1
      return
    }
    waiting.delete(next)
    next()
  }

  // Leaving twice must not make a place out of nothing.
  const once = () => {
    let left = false
    return () => {
      if (left) return
      left = true
      leave()
    }
  }

  return {
    async enter() {
      if (free > 0) {
        free -= 1
        return once()
      }
      if (waiting.size >= waitingMax)
        throw new DatabaseUnavailable('POOL_FULL', `${waitingMax} transactions are waiting already`)
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(admit)
          reject(new DatabaseUnavailable('POOL_WAIT', `no place within ${waitMsMax} ms`))
        }, waitMsMax)
        function admit() {
          clearTimeout(timer)
          resolve()
        }
        waiting.add(admit)
      })
      return once()
    },
  }
}
