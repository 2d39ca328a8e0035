import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, findProgram, isProgram, runToEnd, ServiceError } from './process.ts'
import { asServiceError } from './service-error.ts'

const downloadTimeoutMs = 240_000
const unpackTimeoutMs = 60_000

/** A program of ours: what it is called on the machine, and what Debian calls its packages. */
export type ProgramPackage = {
  program: string
  /** `null`: the package needs nothing else; else names to fall back on when apt cannot work the needs out. */
  needs: string[] | null
}

export const redisPackage: ProgramPackage = {
  program: 'redis-server',
  needs: [
    'redis-tools',
    'libjemalloc2',
    'liblua5.1-0',
    'liblzf1',
    'libhiredis0.14',
    'lua-cjson',
    'lua-bitop',
  ],
}

export const caddyPackage: ProgramPackage = { program: 'caddy', needs: null }

/** A program that can be run: with the environment that its libraries want. */
export type FoundProgram = {
  program: string
  env: Record<string, string>
  origin: 'machine' | 'unpacked'
}

/**
 * Finds programs on the machine, else in `servicesDir`, else unpacks Debian's packages into `servicesDir`, as root or not.
 * Nothing is installed system-wide, nothing is fetched when it lies there already, and several callers may do it at once.
 * @throws {ServiceError} with the exact command where this is no Debian, or no packages can be fetched
 */
export async function ensurePrograms(
  servicesDir: string,
  wanted: ProgramPackage[],
): Promise<FoundProgram[]> {
  mkdirSync(servicesDir, { recursive: true, mode: 0o700 })
  const missing: ProgramPackage[] = []
  for (const entry of wanted) {
    if ((await foundProgram(servicesDir, entry)) === null) missing.push(entry)
  }
  if (missing.length > 0) await unpackPrograms(servicesDir, missing)
  return await Promise.all(
    wanted.map(async (entry) => {
      const found = await foundProgram(servicesDir, entry)
      if (found !== null) return found
      throw new ServiceError(`${entry.program} was unpacked but does not run: ${advice([entry])}.`)
    }),
  )
}

async function foundProgram(
  servicesDir: string,
  { program }: ProgramPackage,
): Promise<FoundProgram | null> {
  const installed = findProgram(program)
  if (installed !== null) return { program: installed, env: {}, origin: 'machine' }
  const folder = join(servicesDir, program)
  const unpacked = join(folder, 'usr', 'bin', program)
  if (!isProgram(unpacked)) return null
  const found = {
    program: unpacked,
    env: { LD_LIBRARY_PATH: libraryPath(folder) },
    origin: 'unpacked',
  } as const
  // A home that came from another machine may hold a program that this one cannot run: unpack it anew.
  return (await isRunnable(found)) ? found : null
}

async function isRunnable({ program, env }: FoundProgram): Promise<boolean> {
  const args = program.endsWith('caddy') ? ['version'] : ['--version']
  const { code } = await runToEnd({ program, args, env }, { timeoutMs: 20_000 }).catch(() => ({
    code: 1,
  }))
  return code === 0
}

function libraryPath(folder: string): string {
  const base = join(folder, 'usr', 'lib')
  const names = readdirOrNone(base).filter((name) => name.includes('-linux-'))
  return [...names.map((name) => join(base, name)), base, join(folder, 'lib')].join(':')
}

async function unpackPrograms(servicesDir: string, missing: ProgramPackage[]): Promise<void> {
  if (findProgram('apt-get') === null || findProgram('dpkg') === null) {
    throw new ServiceError(
      `${listed(missing)} cannot be found on this machine: ${advice(missing)}.`,
    )
  }
  removeDeadDrafts(servicesDir)
  const draft = join(servicesDir, `.unpack-${process.pid}-${randomBytes(4).toString('hex')}`)
  try {
    const options = privateApt(draft)
    await apt([...options, 'update'], draft, missing)
    for (const entry of missing) await unpack(servicesDir, draft, entry)
  } catch (err) {
    throw asServiceError(listed(missing), err)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

async function unpack(servicesDir: string, draft: string, entry: ProgramPackage): Promise<void> {
  const archives = join(draft, 'cache', 'archives')
  await download(draft, entry)
  const target = join(draft, entry.program)
  for (const name of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
    const args = ['-x', join(archives, name), target]
    const { code, output } = await runToEnd(
      { program: 'dpkg', args },
      { timeoutMs: unpackTimeoutMs },
    )
    if (code !== 0) throw fetchFault([entry], output)
    rmSync(join(archives, name))
  }
  const place = join(servicesDir, entry.program)
  if (moveInto(target, place)) return
  // Somebody else was faster, or what lies there does not run: only then it makes room.
  if ((await foundProgram(servicesDir, entry)) !== null) return
  moveInto(place, join(draft, 'damaged'))
  if (moveInto(target, place) || (await foundProgram(servicesDir, entry)) !== null) return
  throw new ServiceError(
    `${entry.program} cannot be put into ${servicesDir}: remove ${place} and start again.`,
  )
}

function moveInto(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (err) {
    const { code = '' } = err as NodeJS.ErrnoException
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(code)) return false
    throw err
  }
}

async function download(draft: string, entry: ProgramPackage): Promise<void> {
  const options = privateApt(draft)
  const { program, needs } = entry
  const archives = join(draft, 'cache', 'archives')
  if (needs !== null) {
    const flags = ['--yes', '--no-install-recommends', '--download-only']
    const resolved = await runToEnd(aptCommand([...options, ...flags, 'install', program], draft), {
      timeoutMs: downloadTimeoutMs,
    })
    if (resolved.code === 0) return
  }
  await apt([...options, 'download', program, ...(needs ?? [])], archives, [entry])
}

// State and cache of our own: neither root nor the machine's lock is needed, and its package lists stay as they are.
function privateApt(draft: string): string[] {
  const folders = { state: join(draft, 'state'), cache: join(draft, 'cache') }
  for (const partial of [join(folders.state, 'lists'), join(folders.cache, 'archives')]) {
    mkdirSync(join(partial, 'partial'), { recursive: true, mode: 0o700 })
  }
  const options = {
    'Dir::State': folders.state,
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': folders.cache,
    'Dir::Log': draft,
    'APT::Sandbox::User': '',
    'APT::Update::Post-Invoke': '',
    'APT::Update::Post-Invoke-Success': '',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'Debug::NoLocking': '1',
  }
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

function aptCommand(args: string[], cwd: string): Command {
  return {
    program: 'apt-get',
    args: ['-q', ...args],
    cwd,
    env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  }
}

async function apt(args: string[], cwd: string, entries: ProgramPackage[]): Promise<void> {
  const { code, output } = await runToEnd(aptCommand(args, cwd), { timeoutMs: downloadTimeoutMs })
  if (code !== 0) throw fetchFault(entries, output)
}

function fetchFault(entries: ProgramPackage[], output: string): ServiceError {
  if (/No space left on device/i.test(output)) {
    return new ServiceError(
      `${listed(entries)} cannot be unpacked, the disk is full: make room and start again.`,
    )
  }
  return new ServiceError(
    `Debian's packages of ${listed(entries)} cannot be fetched: ${advice(entries)}.`,
  )
}

function listed(entries: ProgramPackage[]): string {
  return entries.map(({ program }) => program).join(' and ')
}

function advice(entries: ProgramPackage[]): string {
  const names = entries.map(({ program }) => program)
  const redis = names.map((name) => (name === 'redis-server' ? 'redis' : name)).join(' ')
  if (findProgram('apt-get') !== null)
    return `run "apt-get install ${names.join(' ')}" as root, or connect to the network`
  if (findProgram('dnf') !== null) return `run "dnf install ${redis}" as root`
  if (findProgram('apk') !== null) return `run "apk add ${redis}" as root`
  if (findProgram('pacman') !== null) return `run "pacman -S ${redis}" as root`
  return `run "brew install ${redis}", or install it with this system's package manager`
}

function removeDeadDrafts(servicesDir: string): void {
  for (const name of readdirOrNone(servicesDir)) {
    const pid = /^\.unpack-(\d+)-/.exec(name)?.[1]
    if (pid === undefined || isRunning(Number(pid))) continue
    rmSync(join(servicesDir, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function readdirOrNone(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
