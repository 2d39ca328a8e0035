import { expect, test } from 'vitest'
import { postgresFault } from './postgres-faults.ts'
import { asServiceError } from './service-error.ts'

const outputs: [string, string, RegExp][] = [
  [
    'a disk that fills up within a page',
    'FATAL:  could not extend file "base/1/2691": wrote only 4096 of 8192 bytes\\nPANIC:  cannot abort transaction 1',
    /the disk is full/,
  ],
  [
    'a full disk',
    'FATAL:  could not write to file "pg_wal/x": No space left on device',
    /the disk is full: make room/,
  ],
  [
    'a taken port',
    'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    /port or socket is taken/,
  ],
  [
    'a missing right',
    'initdb: error: could not create directory "/x": Permission denied',
    /lacks a right/,
  ],
  [
    'another version',
    'FATAL:  database files are incompatible with server',
    /another version of Postgres/,
  ],
  [
    'a missing library',
    'postgres: error while loading shared libraries: libicuuc.so.60: cannot open',
    /npm ci/,
  ],
  [
    'anything else',
    'LOG:  starting\nFATAL:  data directory has wrong ownership\nLOG:  bye',
    /: data directory has wrong ownership\.$/,
  ],
  ['silence', '', /it told no reason/],
]

test.each(outputs)('%s is one clear sentence', (_what, output, sentence) => {
  const { message } = postgresFault('cannot start', output)
  expect(message).toMatch(/^Postgres cannot start: .*\.$/)
  expect(message).toMatch(sentence)
})

test('a refusal of the file system is one sentence with the place, and other errors stay what they are', () => {
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', path: '/home/x' })
  expect(asServiceError('Redis', full)).toMatchObject({
    name: 'ServiceError',
    message: 'Redis cannot write /home/x, the disk is full: make room and start again.',
  })
  const bug = new TypeError('x is not a function')
  expect(asServiceError('Redis', bug)).toBe(bug)
})
