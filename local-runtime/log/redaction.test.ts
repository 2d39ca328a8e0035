import { DrizzleQueryError } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { describeError, redact } from './redaction.ts'

const key = `oct_${'a'.repeat(32)}_${'b'.repeat(64)}`

test.each([
  ['a field named like a secret', { password: 'hunter2' }, { password: '[redacted]' }],
  ['an authorization header', { authorization: `Bearer ${key}` }, { authorization: '[redacted]' }],
  ['a key inside a text', { detail: `used ${key} twice` }, { detail: 'used oct_[redacted] twice' }],
  ['a bearer inside a text', { detail: 'Bearer abcdefgh1' }, { detail: 'Bearer [redacted]' }],
  ['the query of a path', { path: '/v1/search?q=private' }, { path: '/v1/search' }],
  ['nothing in plain values', { status: 404, done: true }, { status: 404, done: true }],
])('%s is redacted', (_what, fields, expected) => {
  expect(redact(fields)).toEqual(expected)
})

test('an error of the database is told with its code and constraint, never with a value', () => {
  const cause = Object.assign(new Error('invalid input syntax for type uuid: "private value"'), {
    code: '22P02',
    constraint_name: 'users_email_is_lower_case',
    detail: 'private value',
  })
  const described = describeError(new DrizzleQueryError('select 1', ['private value'], cause))
  expect(JSON.stringify(described)).not.toContain('private value')
  expect(described.cause).toMatchObject({
    code: '22P02',
    constraint: 'users_email_is_lower_case',
    message: 'invalid input syntax for type uuid',
  })
})

test('an error is told whole, with its stack and causes, and whatever else was thrown as text', () => {
  const err = new Error('outer', { cause: new TypeError('inner') })
  expect(describeError(err)).toMatchObject({
    name: 'Error',
    message: 'outer',
    stack: expect.stringContaining('redaction.test.ts'),
    cause: { name: 'TypeError', message: 'inner' },
  })
  expect(describeError('just text')).toEqual({ name: 'string', message: 'just text' })
  const loop = new Error('loop')
  loop.cause = loop
  expect(JSON.stringify(describeError(loop)).length).toBeLessThan(20_000)
})
