import { expect, test } from 'vitest'
import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { Groups, messageShape } from './groups.ts'

const entry = (fields: Partial<ErrorEntry>): ErrorEntry => ({
  time: '2026-11-20T05:00:46.007Z',
  level: 'warn',
  source: 'function',
  function: 'users',
  request_id: null,
  method: null,
  path: null,
  status: 404,
  code: 'not_found',
  message: 'nothing here',
  ...fields,
})

test('entries that differ in numbers, ids and quoted parts alone are counted together', () => {
  const shapes = [
    'job 12 of "a.pdf" took 3.5 s, id 0199a1c2-77aa-7aaa-8aaa-000000000001',
    'job 7 of "b.pdf" took 41 s, id 0199a1c2-77aa-7aaa-8aaa-00000000000f',
  ].map(messageShape)
  expect(new Set(shapes)).toEqual(new Set(['job # of # took # s, id #']))
})

test('a flood of new shapes neither pushes out a known group nor spoils its count', () => {
  const groups = new Groups()
  const rare = entry({ level: 'error', message: 'disk full', code: 'internal' })
  groups.add(rare)
  for (let i = 0; i < 5_000; i += 1) groups.add(entry({ code: `code-${i}` }))
  groups.add({ ...rare, time: '2026-11-20T06:00:00.000Z', request_id: 'last' })
  const list = groups.list()
  expect(list.find(({ message }) => message === 'disk full')).toMatchObject({
    count: 2,
    first_time: rare.time,
    last_time: '2026-11-20T06:00:00.000Z',
    last_request_id: 'last',
  })
  expect(list.length).toBeLessThanOrEqual(502)
  expect(list.reduce((sum, { count }) => sum + count, 0)).toBe(5_002)
})

test('warnings of a thousand shapes leave room for the first error', () => {
  const groups = new Groups()
  for (let i = 0; i < 1_000; i += 1) groups.add(entry({ code: `code-${i}` }))
  groups.add(entry({ level: 'error', message: 'disk full' }))
  expect(groups.list().map(({ message }) => message)).toContain('disk full')
})
