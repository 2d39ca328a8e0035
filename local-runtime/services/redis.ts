import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureFolders, ensureSecretFile, Secret, socketPath, stackPaths } from '../config.ts'
import { ensurePrograms, redisPackage } from './debian-packages.ts'
import { claimFolder } from './folder-owner.ts'
import { checkRedis } from './health.ts'
import {
  assertPortIsFree,
  type Child,
  type Command,
  type Exit,
  endingWithUs,
  type OutputSink,
  poll,
  ServiceError,
  startChild,
} from './process.ts'
import { asServiceError } from './service-error.ts'
import { endProcessesIn } from './service-orphans.ts'

const startTimeoutMs = 15_000
const stopMs = 5000

export type RedisOptions = {
  home: string
  port: number // on 127.0.0.1
  servicesDir?: string // default <home>/services; tests share one
  password?: Secret // default: generated in <home>/secrets/redis-password
  bytesMax?: number // default 64 MiB
  sink?: OutputSink
}

export type RunningRedis = {
  pid: number
  exited: Promise<Exit>
  url: string // TCP, without the password
  socket: string
  password: Secret
  stop: () => Promise<Exit>
}

/**
 * Starts a Redis that keeps nothing: the machine's program, else Debian's. Returns when it answers.
 * @throws {ServiceError} one sentence: not to be found, taken port, run by another process
 */
export async function startRedis(options: RedisOptions): Promise<RunningRedis> {
  const { home, port } = options
  const paths = stackPaths(home)
  ensureFolders(home)
  const [found] = await ensurePrograms(options.servicesDir ?? paths.services, [redisPackage])
  if (found === undefined) throw new ServiceError('redis-server cannot be found.')
  if (options.password === undefined || options.password.file === paths.redisPassword) {
    ensureSecretFile(paths.redisPassword)
  }
  const password = options.password ?? Secret.ofFile(paths.redisPassword)
  const socket = socketPath(paths.run, 'redis.sock')
  const giveBack = claimFolder('Redis', paths.redis)
  try {
    await endProcessesIn(paths.redis, 'redis-server')
    await assertPortIsFree('Redis', port)
    rmSync(socket, { force: true })
    const file = join(paths.redis, 'redis.conf')
    writeSettings(file, { port, socket, password, bytesMax: options.bytesMax ?? 64 * 1024 ** 2 })
    const command = { program: found.program, args: [file], env: found.env, cwd: paths.redis }
    const child = await startAndAsk(command, { socket, password, ...options })
    void child.exited.then(giveBack)
    const stop = () => child.stop(['SIGTERM', stopMs])
    return {
      pid: child.pid,
      exited: child.exited,
      url: `redis://127.0.0.1:${port}`,
      socket,
      password,
      stop,
    }
  } catch (err) {
    giveBack()
    throw asServiceError('Redis', err)
  }
}

async function startAndAsk(
  command: Command,
  { socket, password, sink }: { socket: string; password: Secret; sink?: OutputSink },
): Promise<Child> {
  const child = await startChild(endingWithUs(command, 'KILL'), sink)
  const state = await poll(
    async () => {
      if (child.hasExited()) return 'ended'
      const health = await checkRedis({ url: socket, password, timeoutMs: 1000 })
      return health.status === 'ok' && 'ready'
    },
    { timeoutMs: startTimeoutMs, intervalMs: 10 },
  )
  if (state === 'ready') return child
  await child.stop(['SIGTERM', stopMs])
  const reason = child
    .tail()
    .split('\n')
    .findLast((line) => /fatal|error|can't|cannot|failed|bind/i.test(line))
    ?.replace(/^\d+:\w .*? [#*-] /, '')
  throw new ServiceError(`Redis cannot start: ${reason ?? 'it does not answer; see its log'}.`)
}

type Settings = { port: number; socket: string; password: Secret; bytesMax: number }

// A file and not arguments: those are shown by ps. Written anew at every start.
function writeSettings(file: string, { port, socket, password, bytesMax }: Settings): void {
  const lines = [
    'bind 127.0.0.1',
    `port ${port}`,
    `unixsocket ${quoted(socket)}`,
    'unixsocketperm 700',
    `requirepass ${quoted(password.reveal())}`,
    'daemonize no',
    'save ""',
    'appendonly no',
    `maxmemory ${bytesMax}`,
    // The error list has no lifetime: it is never evicted, whatever the cache needs.
    'maxmemory-policy volatile-lru',
    'tcp-keepalive 60',
    'timeout 0',
    'always-show-logo no',
  ]
  rmSync(file, { force: true })
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 })
}

function quoted(text: string): string {
  if (/[\0\r\n]/.test(text))
    throw new ServiceError('The password of Redis holds a line break or a NUL character.')
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
