import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Command, endingWithUs, findProgram, runToEnd, ServiceError } from './process.ts'

/** How Postgres, which refuses root, is run here. */
export type RightsMode = 'direct' | 'user-namespace' | 'system-user'

export type Rights = {
  mode: RightsMode
  nativeDir: string // holds bin, lib and share
  dataDir: string
  /** Folder that Postgres can write its socket to. */
  socketDir: string
  /** The command as Postgres' user; `endsWithUs` interrupts it when this process dies. */
  as: (command: Command, endsWithUs?: boolean) => Command
  /** Hands a file or folder to Postgres' user. */
  give: (path: string) => void
}

type RightsOptions = {
  home: string
  nativeDir: string
  socketDir: string
  mode?: RightsMode // for tests; default: what works here
  systemUser?: string
  systemRoot?: string
}

/** @throws {ServiceError} there is no way to run Postgres as root here */
export async function postgresRights(options: RightsOptions): Promise<Rights> {
  const mode = options.mode ?? (await workingMode(options))
  if (mode === 'system-user') return await systemUserRights(options)
  const { home, nativeDir, socketDir } = options
  const namespace = mode === 'user-namespace' ? namespaceCommand : (command: Command) => command
  return {
    mode,
    nativeDir,
    socketDir,
    dataDir: join(home, 'postgres'),
    // setpriv innermost: a change of credentials would clear the death signal.
    as: (command, endsWithUs = false) =>
      namespace(endsWithUs ? endingWithUs(command, 'INT') : command),
    give: () => {},
  }
}

async function workingMode({ home, nativeDir }: RightsOptions): Promise<RightsMode> {
  if (process.getuid?.() !== 0) return 'direct'
  if (systemUserFolder(join(home, 'postgres')) !== null) return 'system-user'
  if (await isNamespaceUsable(home, nativeDir)) return 'user-namespace'
  if (!existsSync(join(home, 'postgres', 'PG_VERSION'))) return 'system-user'
  throw new ServiceError(
    `Postgres' data in ${join(home, 'postgres')} was made in a user namespace and those are forbidden now: allow them again (sysctl user.max_user_namespaces) or run the stack as an ordinary user.`,
  )
}

async function isNamespaceUsable(home: string, nativeDir: string): Promise<boolean> {
  if (findProgram('unshare') === null) return false
  const script = '"$0" --version && test -w "$1"'
  const args = ['-c', script, join(nativeDir, 'bin', 'postgres'), home]
  const probe = namespaceCommand({ program: '/bin/sh', args })
  const { code } = await runToEnd(probe, { timeoutMs: 10_000 })
  return code === 0
}

function namespaceCommand(command: Command): Command {
  const { uid, gid } = ordinaryAccount()
  const map = ['-U', `--map-user=${uid}`, `--map-group=${gid}`]
  const args = [...map, '--', command.program, ...command.args]
  return { ...command, program: 'unshare', args }
}

// initdb looks its user's name up: the mapped id must be one that the machine knows.
function ordinaryAccount(): { uid: number; gid: number } {
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [, , uid = '', gid = ''] = line.split(':')
    if (Number(uid) > 0 && Number(gid) > 0) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new ServiceError('Postgres cannot run as root and /etc/passwd names no other account.')
}

async function systemUserRights(options: RightsOptions): Promise<Rights> {
  const user = options.systemUser ?? 'octavo'
  const { uid, gid } = (await accountOf(user)) ?? (await createAccount(user))
  const setpriv = findProgram('setpriv')
  if (setpriv === null) {
    throw new ServiceError(
      'Postgres cannot run as root here: install util-linux (setpriv), or start as an ordinary user.',
    )
  }
  const root = options.systemRoot ?? '/var/lib/octavo'
  const folder = linkedFolder(join(options.home, 'postgres'), root)
  const socketDir = join(folder, 'run')
  mkdirSync(root, { recursive: true, mode: 0o755 })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  mkdirSync(socketDir, { recursive: true, mode: 0o700 })
  chownSync(folder, uid, gid)
  chownSync(socketDir, uid, gid)
  const credentials = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--']
  return {
    mode: 'system-user',
    nativeDir: readableCopy(options.nativeDir, root),
    dataDir: join(folder, 'postgres'),
    socketDir,
    as: (command, endsWithUs = false) => {
      const inner = endsWithUs ? endingWithUs(command, 'INT') : command
      const args = [...credentials, inner.program, ...inner.args]
      return { ...inner, program: setpriv, args, cwd: '/' }
    },
    give: (path) => chownSync(path, uid, gid),
  }
}

/**
 * The system user cannot enter a home of root: the data lies elsewhere, and `<home>/postgres` is a link to it. Its name
 * is random, so that a home which was deleted and made again starts empty.
 */
function linkedFolder(link: string, root: string): string {
  const known = systemUserFolder(link)
  if (known !== null) return known
  const folder = join(root, randomBytes(8).toString('hex'))
  symlinkSync(join(folder, 'postgres'), link)
  return folder
}

// Only a link of the form made above: an operator may have linked the data folder to another disk.
function systemUserFolder(link: string): string | null {
  if (!lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) return null
  const target = readlinkSync(link)
  return /\/[0-9a-f]{16}\/postgres$/.test(target) ? dirname(target) : null
}

/** Deletes the data folder of a home for good, also where it lies outside. Postgres must be stopped. */
export function removePostgresData(home: string): void {
  const link = join(home, 'postgres')
  const outside = systemUserFolder(link)
  if (outside !== null) rmSync(outside, { recursive: true, force: true })
  rmSync(link, { recursive: true, force: true })
}

async function accountOf(user: string): Promise<{ uid: number; gid: number } | null> {
  const { code, output } = await runToEnd(
    { program: 'getent', args: ['passwd', user] },
    { timeoutMs: 10_000 },
  )
  const [, , uid = '', gid = ''] = output.split(':')
  return code === 0 && Number(uid) > 0 ? { uid: Number(uid), gid: Number(gid) } : null
}

async function createAccount(user: string): Promise<{ uid: number; gid: number }> {
  const args = ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent']
  const command = { program: 'useradd', args: [...args, '--shell', '/usr/sbin/nologin', user] }
  await runToEnd(command, { timeoutMs: 20_000 })
  const account = await accountOf(user)
  if (account !== null) return account
  throw new ServiceError(
    `Postgres cannot run as root, user namespaces are forbidden and the system user ${user} cannot be made: run "useradd --system ${user}", or start as an ordinary user.`,
  )
}

function readableCopy(nativeDir: string, root: string): string {
  const version = basename(join(nativeDir, '..'))
  const manifest = JSON.parse(readFileSync(join(nativeDir, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  const target = join(root, `${version}-${manifest.version}`)
  if (existsSync(target)) return target
  const draft = `${target}.${process.pid}`
  cpSync(nativeDir, draft, { recursive: true, verbatimSymlinks: true })
  makeReadable(draft)
  try {
    renameSync(draft, target)
  } catch (err) {
    rmSync(draft, { recursive: true, force: true })
    if (!existsSync(target)) throw err
  }
  return target
}

// npm may have run under a umask that shuts everybody else out.
function makeReadable(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    chmodSync(
      path,
      entry.isDirectory()
        ? 0o755
        : (statSync(path).mode & 0o777) | 0o444 | (statSync(path).mode & 0o100 ? 0o111 : 0),
    )
  }
}
