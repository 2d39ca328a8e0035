import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until there is an answer.
 * @throws {Error} there was none within `deadlineMs`; says what was waited for
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | false | null | undefined>,
  deadlineMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await sleep(10)
  }
}
