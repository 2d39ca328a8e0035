import { type Call, identityOf } from './call.ts'
import { AppError } from './problems.ts'

type Bounds = { max: number; perKeyMax: number }
type Caller = Pick<Call, 'identity'>

const retrySeconds = '10'

/** Places for replies that last, of one route in one process: a bound for all, and a smaller one for each key. */
export class StreamPlaces {
  readonly #bounds: Bounds
  readonly #name: string
  readonly #byKey = new Map<string, number>()
  #taken = 0

  /** @param name what takes a place, in the plural */
  constructor(bounds: Bounds, name = 'event streams') {
    this.#bounds = bounds
    this.#name = name
  }

  /**
   * Before a stream begins, while the reply can still be a refusal.
   * @param instead what the caller can do without one
   * @throws {AppError} `rate_limited` when this key has its share, `unavailable` when all places are taken
   */
  refuseWhenFull(c: Caller, instead: string): void {
    const own = this.#byKey.get(identityOf(c.identity).keyId) ?? 0
    const options = { hint: instead, headers: { 'Retry-After': retrySeconds } }
    if (own >= this.#bounds.perKeyMax)
      throw new AppError('rate_limited', `This key has ${own} ${this.#name} open.`, options)
    if (this.#taken >= this.#bounds.max)
      throw new AppError('unavailable', `Too many ${this.#name} are open.`, options)
  }

  /** Where the stream begins, so that a HEAD, which opens none, takes no place. @returns gives it back; call it once */
  take(c: Caller): () => void {
    const { keyId } = identityOf(c.identity)
    this.#taken += 1
    this.#byKey.set(keyId, (this.#byKey.get(keyId) ?? 0) + 1)
    return () => this.#giveBack(keyId)
  }

  #giveBack(keyId: string): void {
    this.#taken -= 1
    const left = (this.#byKey.get(keyId) ?? 1) - 1
    if (left === 0) this.#byKey.delete(keyId)
    else this.#byKey.set(keyId, left)
  }
}
