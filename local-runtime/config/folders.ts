import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigFault } from './faults.ts'

// Linux holds 108 bytes of a socket's path; 100 leaves room for a lock file's suffix.
const socketPathBytesMax = 100
const socketNameBytesMax = 32
// The highest port that is never given to an outgoing connection by Linux' default range.
const portMax = 32_767
// Odd distances, so that two stacks on round ports (8080 and 9080, 8080 and 8180) share none.
const portOffsets = { postgres: 1543, redis: 1637, metrics: 1731 } as const

/** Where everything of one stack lies. All absolute. */
export function stackPaths(home: string) {
  const secrets = join(home, 'secrets')
  return {
    adminKey: join(home, 'admin-key'),
    build: join(home, 'build'),
    caddy: join(home, 'caddy'),
    logs: join(home, 'logs'),
    postgres: join(home, 'postgres'),
    redis: join(home, 'redis'),
    run: runFolder(home),
    services: join(home, 'services'),
    storage: join(home, 'storage'),
    secrets,
    appSecret: join(secrets, 'app-secret'),
    databasePassword: join(secrets, 'database-password'),
    redisPassword: join(secrets, 'redis-password'),
  }
}

/** Folder of all sockets: `<home>/run`, or one in /tmp named by hash where a socket's path would be too long. */
export function runFolder(home: string): string {
  const beside = join(home, 'run')
  if (Buffer.byteLength(beside) + 1 + socketNameBytesMax <= socketPathBytesMax) return beside
  const hash = createHash('sha256').update(home).digest('hex').slice(0, 20)
  return join('/tmp', `octavo-${process.getuid?.() ?? 0}-${hash}`)
}

/** @throws {RangeError} the name is longer than the run folder was chosen for */
export function socketPath(run: string, name: string): string {
  if (Buffer.byteLength(name) > socketNameBytesMax) {
    throw new RangeError(`a socket's name has at most ${socketNameBytesMax} bytes: ${name}`)
  }
  return join(run, name)
}

/** Every port of a stack, all below 32768. */
export function stackPorts(http: number) {
  const derived = (offset: number) => (http + offset <= portMax ? http + offset : http - offset)
  return {
    http,
    postgres: derived(portOffsets.postgres),
    redis: derived(portOffsets.redis),
    metrics: derived(portOffsets.metrics),
  }
}

/** Like `mkdirSync` with `recursive`, which never returns below `/proc`: each level is tried twice at most. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(path).isDirectory()) return
    if (code !== 'ENOENT' || dirname(path) === path) throw err
    makeFolder(dirname(path))
    mkdirSync(path, { mode: 0o700 })
  }
}

/**
 * Makes the folders of a stack, for nobody but this user.
 * @throws {ConfigFault} home cannot be written, or the run folder belongs to somebody else
 */
export function ensureFolders(home: string, source = 'environment'): void {
  const paths = stackPaths(home)
  const { caddy, logs, run, secrets, storage, services, build, redis } = paths
  for (const folder of [home, caddy, logs, run, secrets, storage, services, build, redis]) {
    try {
      makeFolder(folder)
      // A home that was copied or restored may be open to others; where home itself lies is the operator's choice.
      if (folder.startsWith(join(home, '/'))) chmodSync(folder, 0o700)
    } catch (err) {
      const problem = `the folder ${folder} cannot be made (${(err as NodeJS.ErrnoException).code})`
      const fix = 'give a folder that this user may write, on a disk with room'
      throw new ConfigFault([{ variable: 'OCTAVO_HOME', source, problem, fix }])
    }
  }
  const { mode, uid } = lstatSync(run)
  const isOurs = uid === (process.getuid?.() ?? uid) && (mode & 0o170077) === 0o040000
  if (isOurs) return
  const problem = `the socket folder ${run} belongs to somebody else or is open to others`
  const fix = `remove ${run}, or give a shorter OCTAVO_HOME`
  throw new ConfigFault([{ variable: 'OCTAVO_HOME', source, problem, fix }])
}
