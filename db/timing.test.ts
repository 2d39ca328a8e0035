import { expect, test } from 'vitest'
import { outsideDatabaseTime, timed, withDatabaseTime } from './timing.ts'

test('a wait is charged to the request that waits, also after awaits', async () => {
  const first = { ms: 0 }
  const second = { ms: 0 }
  const { promise, resolve } = Promise.withResolvers<void>()
  const waiting = withDatabaseTime(first, async () => {
    await null
    await timed(() => promise)
  })
  await withDatabaseTime(second, async () => null)
  setTimeout(resolve, 5)
  await waiting
  expect(first.ms).toBeGreaterThan(0)
  expect(second.ms).toBe(0)
})

test('a wait that fails is charged too', async () => {
  const time = { ms: 0 }
  const fail = () => new Promise<never>((_, reject) => setTimeout(reject, 5, new Error('gone')))
  await expect(withDatabaseTime(time, () => timed(fail))).rejects.toThrow('gone')
  expect(time.ms).toBeGreaterThan(0)
})

test('work for many requests is charged to none of them', async () => {
  const time = { ms: 0 }
  const { promise, resolve } = Promise.withResolvers<void>()
  withDatabaseTime(time, () =>
    outsideDatabaseTime(() => {
      void timed(() => promise).then(resolve)
    }),
  )
  resolve()
  await promise
  expect(time.ms).toBe(0)
})
