import { ServiceError } from './process.ts'

const causes: [RegExp, string][] = [
  [
    /No space left on device|Disk quota exceeded|Check free disk space|wrote only \d+ of/i,
    'the disk is full: make room and start again',
  ],
  [
    /Address already in use/i,
    'its port or socket is taken by another program: stop that, or choose another OCTAVO_PORT',
  ],
  [
    /Permission denied|Operation not permitted/i,
    'this user lacks a right on its folder: check the owner of OCTAVO_HOME',
  ],
  [/Read-only file system/i, 'OCTAVO_HOME lies on a file system that is read-only'],
  [
    /database files are incompatible|not compatible with this version/i,
    'its data folder was made by another version of Postgres',
  ],
  [
    /could not (map|create) .*shared memory|could not resize shared memory/i,
    'the machine gives it too little shared memory',
  ],
  [/invalid locale|could not open collator/i, 'its locale is missing on this machine'],
  [
    /error while loading shared libraries: (\S+)/i,
    'a shared library is missing: run "npm ci" again',
  ],
]

/** One clear sentence out of what Postgres wrote; without statements or values. */
export function postgresFault(what: string, output: string): ServiceError {
  const known = causes.find(([pattern]) => pattern.test(output))
  if (known !== undefined) return new ServiceError(`Postgres ${what}: ${known[1]}.`)
  const line = output
    .split('\n')
    .findLast((text) => /\b(FATAL|PANIC|ERROR|error): /.test(text))
    ?.replace(/^.*?\b(FATAL|PANIC|ERROR|error):\s+/, '')
  return new ServiceError(`Postgres ${what}: ${line ?? 'it told no reason; see its log'}.`)
}
