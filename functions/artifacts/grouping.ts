import type { AiUsage } from '../_shared/ports/ai.ts'

type Bounds = { waitMs: number; charsMax: number }

const timedOut = Symbol('timed out')

/**
 * The same text in fewer pieces: what came within `waitMs`, or `charsMax` of it. No piece ends with half of a pair of
 * surrogates, which alone would be no UTF-8. It returns what the source returns.
 */
export async function* grouped(
  source: AsyncGenerator<string, AiUsage, undefined>,
  { waitMs, charsMax }: Bounds,
): AsyncGenerator<string, AiUsage, undefined> {
  let text = ''
  let next = source.next()
  let dueAtMs = Number.POSITIVE_INFINITY
  for (;;) {
    const taken = await firstOf(next, dueAtMs - performance.now())
    const isDue = taken === timedOut
    if (!isDue && taken.done) {
      if (text !== '') yield text
      return taken.value
    }
    if (!isDue) {
      next = source.next()
      next.catch(() => {}) // whoever waits for it next gets its failure
      if (text === '') dueAtMs = performance.now() + waitMs
      text += taken.value
      if (text.length < charsMax) continue
    }
    const whole = /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text
    if (whole !== '') yield whole
    text = text.slice(whole.length)
    dueAtMs = text === '' ? Number.POSITIVE_INFINITY : performance.now() + waitMs
  }
}

async function firstOf<T>(next: Promise<T>, waitMs: number): Promise<T | typeof timedOut> {
  if (waitMs === Number.POSITIVE_INFINITY) return next
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<typeof timedOut>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, waitMs), timedOut)
  })
  try {
    return await Promise.race([next, late])
  } finally {
    clearTimeout(timer)
  }
}
