import { expect, test } from 'vitest'
import { entryBytesMax, entryOfLine, levelOfStatus } from './entry.ts'
import type { RelayLine } from './line.ts'

const line = (fields: Partial<RelayLine> = {}): RelayLine => ({
  level: 40,
  time: Date.UTC(2026, 10, 20, 5, 0, 46, 7),
  msg: 'slow',
  source: 'function',
  ...fields,
})

test.each([
  [399, null],
  [400, 'warn'],
  [404, 'warn'],
  [429, 'warn'],
  [499, 'warn'],
  [500, 'error'],
  [503, 'error'],
  [null, null],
])('the status %j has the level %j', (status, level) => {
  expect(levelOfStatus(status)).toBe(level)
})

test.each([
  [{ level: 30 }, null],
  [{ level: 30, status: 200 }, null],
  [{ level: 30, status: 404 }, 'warn'],
  [{ level: 40, status: 503 }, 'error'],
  [{ level: 50, status: 404 }, 'error'],
  [{ level: 60 }, 'error'],
])('a line with %j becomes %j', (fields, level) => {
  expect(entryOfLine(line(fields))?.level ?? null).toBe(level)
})

test('an entry has every field of the contract, its path no query, its time milliseconds', () => {
  const request = { method: 'GET', path: '/v1/users?ticket=abc#x', status: 404, code: 'not_found' }
  expect(entryOfLine(line({ ...request, function: 'users', request_id: 'req-1' }))).toEqual({
    time: '2026-11-20T05:00:46.007Z',
    level: 'warn',
    source: 'function',
    function: 'users',
    request_id: 'req-1',
    method: 'GET',
    path: '/v1/users',
    status: 404,
    code: 'not_found',
    message: 'slow',
  })
})

test('the cause stands behind the message with SQLSTATE and constraint', () => {
  const err = { name: 'PostgresError', message: 'duplicate key', code: '23505', constraint: 'a_b' }
  expect(entryOfLine(line({ err }))?.message).toBe('slow (PostgresError: 23505 a_b: duplicate key)')
})

test.each([
  ['x'.repeat(60_000)],
  ['\u0000'.repeat(60_000)],
  ['\ud83d\ude00'.repeat(30_000)],
  ['\ud83d'.repeat(9_000)],
  ['"\\'.repeat(9_000)],
])('whatever the texts are, an entry is at most 4 KB of valid JSON', (text) => {
  const entry = entryOfLine(
    line({ msg: text, path: text, request_id: text, method: text, function: text, code: text }),
  )
  const json = JSON.stringify(entry)
  expect(Buffer.byteLength(json)).toBeLessThanOrEqual(entryBytesMax)
  expect(json.isWellFormed() && entry?.message.isWellFormed()).toBe(true)
})

test('secrets are scrubbed from every text of an entry', () => {
  const secret = `oct_${'a1'.repeat(16)}_${'b2'.repeat(32)}`
  const texts = { msg: secret, path: `/${secret}`, request_id: secret, code: secret }
  expect(JSON.stringify(entryOfLine(line({ ...texts, err: { message: secret } })))).not.toContain(
    'b2b2',
  )
})

test('a time that no calendar holds becomes now', () => {
  const { time } = entryOfLine(line({ time: 1e300 })) ?? { time: '' }
  expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000)
})
