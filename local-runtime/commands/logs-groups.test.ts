import { expect, test } from 'vitest'
import type { ErrorGroup } from '../../functions/_shared/ports/redis.ts'
import { groupLines } from './logs-groups.ts'

const since = '2026-11-20T05:00:00.000Z'
const group = (fields: Partial<ErrorGroup> = {}): ErrorGroup => ({
  level: 'error',
  source: 'caddy',
  function: 'users',
  code: 'unavailable',
  status: 502,
  message: 'Caddy answered #: EOF',
  count: 12,
  first_time: since,
  last_time: '2026-11-20T05:00:46.694Z',
  last_request_id: 'req-1',
  ...fields,
})

test('a group is one line with its count, and the last line says since when', () => {
  const bare = { level: 'warn', function: null, code: null, last_request_id: null } as const
  const items = [group(), group({ ...bare, count: 3, message: 'no such page', status: 404 })]
  expect(groupLines({ items, since }, 10, false)).toEqual([
    '12 ERROR users unavailable: Caddy answered #: EOF (last 2026-11-20T05:00:46.694Z) [req-1]',
    ' 3 WARN  caddy 404: no such page (last 2026-11-20T05:00:46.694Z)',
    '15 entries of 2 kinds since 2026-11-20T05:00:00.000Z',
  ])
})

test('what the limit hides is counted in the last line', () => {
  const items = [group(), group({ count: 2 }), group({ count: 1 })]
  const lines = groupLines({ items, since }, 1, false)
  expect(lines).toHaveLength(2)
  expect(lines[1]).toBe('15 entries of 3 kinds since 2026-11-20T05:00:00.000Z; 2 kinds not shown')
})

test('neither colours nor line breaks of a caller reach the terminal', () => {
  const items = [group({ message: 'a\u001b[31mb\nc', code: 'x\u202ey' })]
  const [line] = groupLines({ items, since }, 10, false)
  expect(line).toContain('x y: ab c (last')
})
