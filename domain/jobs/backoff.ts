const firstMsDefault = 1_000
const longestMs = 300_000

const listedJitter = 0.1

/**
 * How long a job waits after its n-th failed attempt: doubling up to five minutes, and between half and all of that,
 * so that jobs which failed together do not come back together. A list of waits is kept to, and up to a tenth added.
 * @param attempt from 1
 * @param random 0 to 1
 * @param waitMs after the first attempt, 0 for no wait at all; or after each, the last from then on
 * @returns milliseconds
 */
export function retryDelayMs(
  attempt: number,
  random: number,
  waitMs: number | readonly number[] = firstMsDefault,
): number {
  if (typeof waitMs !== 'number') {
    const listed = waitMs[Math.min(attempt, waitMs.length) - 1] ?? firstMsDefault
    return Math.round(listed * (1 + random * listedJitter))
  }
  const full = Math.min(waitMs * 2 ** (attempt - 1), longestMs)
  return Math.round(full * (0.5 + random / 2))
}
