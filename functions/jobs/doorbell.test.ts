import { expect, test } from 'vitest'
import { Doorbell } from './doorbell.ts'

// Nobody waits this long: each of these is woken, or given up.
const longMs = 60_000
const wanted = { tenantId: 'a', kinds: ['x', 'y'] }

test('a ring wakes as many as there are jobs for, and those who wait for other kinds or tenants sleep on', async () => {
  const bell = new Doorbell()
  const end = new AbortController()
  const woken: string[] = []
  const wait = (name: string, more: object = {}) =>
    bell.wait({ ...wanted, ...more }, longMs, end.signal).then(() => woken.push(name))
  const all = [wait('first'), wait('second'), wait('kind', { kinds: ['z'] })]
  all.push(wait('tenant', { tenantId: 'b' }))
  bell.ring('a', 'x')
  await all[0]
  expect(woken).toEqual(['first'])
  bell.ring('a', 'y', 5)
  await all[1]
  expect(woken).toEqual(['first', 'second'])
  end.abort()
  await Promise.all(all)
  expect(woken).toHaveLength(4)
})

test('a ring that nobody waits for is forgotten, and the wait ends by itself', async () => {
  const bell = new Doorbell()
  bell.ring('a', 'x')
  await bell.wait(wanted, 1, new AbortController().signal)
})
