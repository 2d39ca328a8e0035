import { expect, test } from 'vitest'
import { loadFailure } from './loading.ts'

const checkout = '/srv/octavo'
const failure = (err: unknown, secrets: string[] = []) => loadFailure(err, { checkout, secrets })

function thrownAt(...frames: string[]): Error {
  const err = new TypeError('names.map is not\na function')
  err.stack = [`TypeError: ${err.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n')
  return err
}

test('a failure is one line: what it was, and the place in our code nearest to it', () => {
  const err = thrownAt(
    'JSON.parse (<anonymous>)',
    'parse (file:///srv/octavo/node_modules/zod/index.js:1:2)',
    'file:///srv/octavo/functions/users/index.ts:12:7',
    'file:///srv/octavo/functions/users/other.ts:1:1',
  )
  expect(failure(err)).toBe(
    'TypeError: names.map is not a function (functions/users/index.ts:12:7)',
  )
})

test('a failure without a place, or that is no error, is told all the same', () => {
  expect(failure(thrownAt())).toBe('TypeError: names.map is not a function')
  expect(failure('nothing')).toBe('string: nothing')
})

test('a failure shows no secret: neither a known one nor credentials by their form', () => {
  const key = `oct_${'a'.repeat(32)}_${'b'.repeat(8)}`
  const shown = failure(new Error(`no hidden1 at postgres://me:hidden2@db/x for ${key}`), [
    'hidden1',
    '',
  ])
  expect(shown).toMatch(/^Error: no \[redacted\] at postgres:\/\/\[redacted\]@db\/x/)
  expect(shown).not.toMatch(/hidden|bbbb/)
})

test('a long failure is cut', () => {
  expect(failure(new Error('x'.repeat(5_000))).length).toBeLessThan(320)
})
