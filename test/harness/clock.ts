export type TestClock = {
  now: () => Date
  advance(ms: number): void
}

/** Time that stands still until the test moves it. */
export function testClock(start = '2026-11-20T08:00:00.000Z'): TestClock {
  let time = Date.parse(start)
  return {
    now: () => new Date(time),
    advance(ms) {
      time += ms
    },
  }
}
