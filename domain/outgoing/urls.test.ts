import { expect, test } from 'vitest'
import { publicUrl, retryAfterMs } from './urls.ts'

const now = new Date('2026-11-20T08:00:00Z')

test.each([
  ['120', 120_000],
  ['0', 0],
  [' 7 ', 7_000],
  ['999999999', 86_400_000],
  ['Fri, 20 Nov 2026 08:01:00 GMT', 60_000],
  ['Fri, 20 Nov 2026 07:00:00 GMT', 0],
  ['Fri, 20 Nov 2099 08:00:00 GMT', 86_400_000],
  ['soon', null],
  ['', null],
  [undefined, null],
])('Retry-After: %s is %s ms', (value, ms) => {
  expect(retryAfterMs(value, now)).toBe(ms)
})

test.each([
  ['https://EXAMPLE.com', 'https://example.com/'],
  ['https://example.com:443/a?b=c#d', 'https://example.com/a?b=c'],
  ['https://example.com:8443/', 'https://example.com:8443/'],
  ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
])('%s is stored as %s', (text, url) => {
  expect(publicUrl(text, false)).toEqual({ url, fault: null })
})
