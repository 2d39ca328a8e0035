const firstMsDefault = 1_000
const longestMs = 300_000

/**
 * How long a job waits after its n-th failed attempt: doubling up to five minutes, and between half and all of that,
 * so that jobs which failed together do not come back together.
 * @param attempt from 1
 * @param random 0 to 1
 * @param firstMs after the first attempt; 0 for no wait at all
 * @returns milliseconds
 */
export function retryDelayMs(attempt: number, random: number, firstMs = firstMsDefault): number {
  const full = Math.min(firstMs * 2 ** (attempt - 1), longestMs)
  return Math.round(full * (0.5 + random / 2))
}
