import { expect, test } from 'vitest'
import { scrub } from './scrub.ts'

const hidden = 's3cr3t-Value_0123456789'
const key = `oct_${'a1'.repeat(16)}_${'b2'.repeat(32)}`

test.each([
  [`key ${key} was used`],
  [`Authorization: Bearer ${hidden}`],
  [`sent "authorization":"Basic ${hidden}" along`],
  [`Bearer ${hidden}`],
  [`Cookie: session=${hidden}; other=${hidden}`],
  [`X-Api-Key: ${hidden}`],
  [`x-document-password: ${hidden} ${hidden}`],
  [`password=${hidden}`],
  [`{"user_password": "${hidden}"}`],
  [`DB_PASSWORD='${hidden}'`],
  [`GET /v1/x?ticket=${hidden}&a=b`],
  [`client_secret: ${hidden}`],
  [`postgres://app_user:${hidden}@127.0.0.1:5432/app_db`],
  [`rediss://:${hidden}@cache.internal`],
  [`token eyJhbGciOi.${hidden}.${hidden}`],
])('nothing secret is left of: %s', (text) => {
  const cleaned = scrub(text)
  expect(cleaned).not.toMatch(/s3cr3t|a1a1a1|b2b2b2/)
  expect(cleaned).toContain('[redacted]')
})

test.each([
  ['The document 0199a1c2-77aa-7aaa-8aaa-000000000001 was not found'],
  ['dial unix /run/users.sock: connect: no such file or directory'],
  ['password authentication failed for user "app_user"'],
  ['postgres://app_user@127.0.0.1:5432/app_db'],
  ['Unexpected token } in JSON at position 4'],
])('nothing is taken from: %s', (text) => {
  expect(scrub(text)).toBe(text)
})

// Each is the worst case of a pattern; one that backtracks would take minutes.
test.each([
  ['a-'.repeat(4_000)],
  ['a'.repeat(8_000)],
  [`${'a.'.repeat(4_000)}://`],
  ['x://'.repeat(2_000)],
  ['eyJaaaaaa.'.repeat(800)],
  ['bearer '.repeat(1_100)],
  ['"token":"'.repeat(880)],
])('a text made to be slow is scrubbed like any other', (text) => {
  const startedAt = process.cpuUsage()
  scrub(text)
  // Two seconds of CPU are a thousand times what it takes.
  expect(process.cpuUsage(startedAt).user).toBeLessThan(2_000_000)
})
