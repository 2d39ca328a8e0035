import { expect, test } from 'vitest'
import type { ErrorEntry } from '../../functions/_shared/ports/redis.ts'
import { entryLine, LogPrinter } from './logs-follow.ts'

const entry = (message: string, fields: Partial<ErrorEntry> = {}): ErrorEntry => ({
  time: '2026-11-20T05:00:46.694Z',
  level: 'error',
  source: 'caddy',
  function: 'users',
  request_id: 'req-1',
  method: 'POST',
  path: '/v1/users',
  status: 502,
  code: 'unavailable',
  message,
  ...fields,
})

function setupPrinter() {
  const lines: string[] = []
  const remarks: string[] = []
  const printer = new LogPrinter({
    print: (line) => lines.push(line),
    remark: (line) => remarks.push(line),
    colour: false,
  })
  const show = (...messages: string[]) =>
    printer.show({ entries: messages.map((m) => entry(m)), degraded: false })
  return { lines, remarks, printer, show }
}

test('an entry is one line of words', () => {
  expect(entryLine(entry('EOF'), false)).toBe(
    '2026-11-20T05:00:46.694Z ERROR users POST /v1/users 502 unavailable: EOF [req-1]',
  )
  const bare = { function: null, request_id: null, method: null, path: null, status: null }
  expect(entryLine(entry('started', { ...bare, code: null, level: 'warn' }), false)).toBe(
    '2026-11-20T05:00:46.694Z WARN  caddy started',
  )
})

test('on a terminal errors are red and warnings yellow', () => {
  expect(entryLine(entry('x'), true)).toContain('\u001b[31mERROR')
  expect(entryLine(entry('x', { level: 'warn' }), true)).toContain('\u001b[33mWARN')
})

test.each([
  ['a\u001b[2J\u001b]0;title\u0007b'],
  ['a\r\nforged line\nb'],
  ['a\u009b31mb'],
  ['a\u202eb\u2066'],
  ['a\u2028b\u0000'],
])('nothing that a caller writes moves the cursor or starts a line', (text) => {
  const line = entryLine(entry(text, { path: text, method: text, request_id: text }), false)
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
})

test('each entry is printed once, oldest first, also when the relay shows all of them again', () => {
  const { lines, show } = setupPrinter()
  show('two', 'one')
  show('three', 'two', 'one')
  expect(lines.map((line) => /: (\w+)/.exec(line)?.[1])).toEqual(['one', 'two', 'three'])
})

test('entries are in the order of their time, also when they came in another one', () => {
  const { lines, printer } = setupPrinter()
  const at = (second: number) => entry(`s${second}`, { time: `2026-11-20T05:00:0${second}.000Z` })
  printer.show({ entries: [2, 4, 3, 1].map(at), degraded: false }, 3)
  expect(lines.map((line) => /: (\w+)/.exec(line)?.[1])).toEqual(['s2', 's3', 's4'])
})

test('a limit holds back what is older, for good', () => {
  const { lines, printer, show } = setupPrinter()
  printer.show({ entries: ['three', 'two', 'one'].map((m) => entry(m)), degraded: false }, 1)
  show('four', 'three', 'two', 'one')
  expect(lines.map((line) => /: (\w+)/.exec(line)?.[1])).toEqual(['three', 'four'])
})

test('the absence of the relay and of Redis is told once each, and their return', () => {
  const { remarks, printer, show } = setupPrinter()
  for (const look of [null, null, { entries: [], degraded: true }]) printer.show(look)
  show('one')
  expect(remarks.map((remark) => remark.split(';')[0])).toEqual([
    'The relay does not answer',
    'Redis is away',
    'The relay and Redis answer again.',
  ])
})
