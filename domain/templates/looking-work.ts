/** A template whose places or formats take more work in a document than one request may cost. */
export class ApplicationTooLarge extends Error {
  constructor(what: string) {
    super(`The template ${what} in this document.`)
    this.name = 'ApplicationTooLarge'
  }
}

// A step takes some 20 ns, those of a format six times that: four seconds in all, a breath each 40 ms.
const stepsMax = 200_000_000
const stepsAtOnce = 2_000_000
export const formatSteps = 6

/** Counts the work of one application: it ends one that is too large, and lets others run meanwhile. */
export class LookingWork {
  #left: number
  #untilRest = stepsAtOnce

  constructor(steps = stepsMax) {
    this.#left = steps
  }

  /** @throws {ApplicationTooLarge} */
  async spend(steps: number): Promise<void> {
    this.#left -= steps
    this.#untilRest -= steps
    if (this.#left < 0) throw new ApplicationTooLarge('takes too much work')
    if (this.#untilRest > 0) return
    this.#untilRest = stepsAtOnce
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}
