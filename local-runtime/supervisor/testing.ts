import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogFields } from '../../functions/_shared/ports/log.ts'
import { buildAll, checkoutRoot, type Manifest, writeSourceMaps } from '../build.ts'
import { environment, loadConfig, prepareHome } from '../config.ts'
import { isolateDuty, type Release } from './duties.ts'
import { Keeper } from './keeper.ts'
import { FunctionSockets } from './sockets.ts'

const fixture = (name: string) => `test/fixtures/${name}-function.ts`

export type Line = { level: string; message: string; fields: LogFields }

const fixtures = ['steady', 'blocking', 'broken']
let built: Promise<Manifest> | null = null

/** All fixtures, built once for a test file. */
function buildFixtures(): Promise<Manifest> {
  if (built !== null) return built
  const directory = mkdtempSync(join(tmpdir(), 'octavo-fixtures-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const functions = Object.fromEntries(fixtures.map((name) => [name, fixture(name)]))
  const input = { root: checkoutRoot, directory, functions, programs: {} }
  built = buildAll(input).then(async (manifest) => {
    await writeSourceMaps(input, manifest)
    return manifest
  })
  return built
}

/** Isolates of the fixture functions, kept by real keepers, in a home of their own. Services are away. */
export async function startIsolates(
  groups: string[][],
  settings: Record<string, string> = {},
): Promise<{
  keepers: Keeper[]
  release: Release
  lines: Line[]
  socketOf(name: string): string
  /** @param builds fixture whose build a function gets from now on, by function */
  replace(builds?: Record<string, string>): Promise<void>
  stop(): Promise<void>
}> {
  const home = mkdtempSync(join(tmpdir(), 'octavo-isolates-'))
  const env = { ...environment(), OCTAVO_HOME: home, DATABASE_URL: '', REDIS_URL: '', ...settings }
  const config = loadConfig(env, { envFile: null })
  prepareHome(config)
  const manifest = await buildFixtures()
  const lines: Line[] = []
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields })
    }
  const log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: () => log,
  }
  const ownManifest = { ...manifest, functions: { ...manifest.functions } }
  const release: Release = {
    config,
    manifest: ownManifest,
    groups,
    env,
    log,
    sink: () => () => {},
  }
  const sockets = new FunctionSockets(config.paths.run)
  const keepers = groups.map(() => new Keeper(log))
  const loaded = () => new Set(keepers.flatMap(({ running }) => running?.loaded ?? []))
  let version = 0
  const ensureAll = () =>
    Promise.all(
      keepers.map((keeper, index) => {
        const duty = isolateDuty(release, groups[index] ?? [], { sockets, loaded })
        return keeper.ensure({ ...duty, version: `${duty.version}.${version}` })
      }),
    )
  await ensureAll()
  return {
    keepers,
    release,
    lines,
    socketOf: (name) => join(config.paths.run, `${name}.sock`),
    async replace(builds = {}) {
      version += 1
      for (const [name, fixture] of Object.entries(builds))
        release.manifest.functions[name] = manifest.functions[fixture] ?? ''
      await ensureAll()
    },
    async stop() {
      await Promise.all(keepers.map((keeper) => keeper.stop()))
      sockets.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export type Reply = { status: number; type: string; text: string }

/** One request at a socket. @throws what the connection met */
export function ask(
  socketPath: string,
  path: string,
  options: { agent?: Agent; method?: string } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = request({ socketPath, path, agent: false, ...options }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const type = res.headers['content-type'] ?? ''
        resolve({ status: res.statusCode ?? 0, type, text: Buffer.concat(chunks).toString() })
      })
    })
    req.on('error', reject)
    req.end()
  })
}

/** Asks for ever with so many at once, like the proxy does, until `stop`. */
export function keepAsking(socketPath: string, path: string, concurrency: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const counts = { served: 0, failed: 0, pids: new Set<string>() }
  let isOver = false
  const loop = async () => {
    while (!isOver) {
      const reply = await ask(socketPath, path, { agent }).catch(() => null)
      if (reply?.status === 200) {
        counts.served += 1
        counts.pids.add(reply.text)
      } else counts.failed += 1
    }
  }
  const loops = Array.from({ length: concurrency }, loop)
  return {
    counts,
    async stop() {
      isOver = true
      await Promise.all(loops)
      agent.destroy()
      return counts
    },
  }
}

/** Asks until the answer is yes. @throws {Error} it was not within `timeoutMs` */
export async function until(
  what: string,
  ask: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen in ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
