import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Asks until there is an answer. The deadline is there for what never comes: a busy machine may take its time.
 * @throws {Error} there was none within `deadlineMs`; says what was waited for
 */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | false | null | undefined>,
  deadlineMs = 45_000,
): Promise<T> {
  const deadline = performance.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await sleep(10)
  }
}
