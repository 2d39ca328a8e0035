import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import type { Manifest } from '../build.ts'
import {
  type Config,
  environment,
  loadConfig,
  prepareHome,
  remember,
  socketPath,
} from '../config.ts'
import { isolateGroups, registry } from '../registry.ts'
import { controlProtocol, type Deployment } from '../supervisor/control.ts'
import { command, NotRunning, readStatus } from '../supervisor/control-client.ts'
import { buildRelease, settleBuild } from './build-release.ts'
import { refuseTakenPort } from './front-port.ts'
import { runSmoke } from './run-smoke.ts'
import { stopStack } from './stop.ts'
import { orExplain, printStep, timed } from './terminal.ts'

const supervisorStartMs = 15_000

type Environment = Deployment['env']

export const deploy = defineCommand({
  meta: { name: 'deploy', description: 'Start the stack, or bring a running one to this code' },
  args: {
    smoke: {
      type: 'boolean',
      default: true,
      description: 'Run the smoke test at the end',
      negativeDescription: 'Do not run it',
    },
    isolate: {
      type: 'string',
      valueHint: 'groups',
      description: '"each": one process for every function; or as OCTAVO_GROUPS',
    },
  },
  run: ({ args }) =>
    orExplain(async () => {
      const env = args.isolate ? { ...environment(), OCTAVO_GROUPS: args.isolate } : environment()
      const config = loadConfig(env)
      for (const warning of config.warnings) console.error(`warning: ${warning}`)
      await deployStack(config, env)
      if (args.smoke) {
        await timed(
          'smoke',
          async () => runSmoke(config),
          () => 'green',
        )
      }
      printEnd(config)
    }),
})

/** Builds, starts a supervisor when none runs, and has it bring the stack to this build. */
export async function deployStack(config: Config, env: Environment): Promise<void> {
  prepareHome(config)
  await refuseTakenPort(config)
  remember(config.home, config)
  const manifest = await timed('build', () => buildRelease(config), describeBuild)
  await timed(
    'supervisor',
    () => ensureSupervisor(config, manifest, env),
    (note) => note,
  )
  const socket = socketPath(config.paths.run, 'supervisor.sock')
  await command(socket, '/deploy', { body: deployment(config, manifest, env), onStep: printStep })
  await settleBuild(config, manifest)
}

/** What the supervisor is told. */
export const deployment = (config: Config, manifest: Manifest, env: Environment): Deployment => ({
  manifest,
  groups: isolateGroups(registry, config.isolates.groups),
  env,
})

const describeBuild = ({ functions, files }: Manifest): string =>
  `${Object.keys(functions).length} functions, ${files.length} files`

/**
 * A supervisor holds all sockets, so one that still understands us is kept, whatever its code.
 * @throws {Error} it ended or did not answer in time; with the last lines of its log
 */
async function ensureSupervisor(
  config: Config,
  manifest: Manifest,
  env: Environment,
): Promise<string> {
  const running = await runningSupervisor(config)
  const program = join(manifest.directory, manifest.hosts.supervisor)
  if (running?.protocol === controlProtocol) {
    if (running.commandLine.includes(program)) return 'running'
    return 'runs its earlier code until the next stop and start'
  }
  if (running) await stopStack(config)
  await startSupervisor(config, program, env)
  return running ? 'restarted: it did not understand this version' : 'started'
}

async function startSupervisor(config: Config, program: string, env: Environment): Promise<void> {
  const logPath = join(config.paths.logs, 'supervisor-start.log')
  const log = openSync(logPath, 'w', 0o600)
  const child = spawn(process.execPath, [program], {
    cwd: config.checkout,
    env: env as NodeJS.ProcessEnv,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  child.unref()
  await Promise.race([answers(config), ended])
  // Another run may have started one at the same moment; then ours stepped back, and theirs serves both.
  if (await runningSupervisor(config)) return
  throw new Error(`The supervisor ended: ${lastLines(logPath)}`)
}

async function answers(config: Config): Promise<void> {
  const deadline = Date.now() + supervisorStartMs
  while (Date.now() < deadline) {
    if (await runningSupervisor(config)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`The supervisor did not answer within ${supervisorStartMs / 1000} s.`)
}

async function runningSupervisor({ paths }: Config) {
  try {
    const { protocol, processes } = await readStatus(socketPath(paths.run, 'supervisor.sock'))
    const pid = processes.find(({ role }) => role === 'supervisor')?.pid
    return { protocol, commandLine: readCommandLine(pid ?? 0) }
  } catch (err) {
    if (err instanceof NotRunning) return null
    throw err
  }
}

function readCommandLine(pid: number): string {
  const path = `/proc/${pid}/cmdline`
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

const lastLines = (path: string): string =>
  readFileSync(path, 'utf8').trim().split('\n').slice(-5).join('\n')

function printEnd({ baseUrl, paths }: Config): void {
  console.log(`
Octavo runs at   ${baseUrl}
admin key        ${paths.adminKey}
reference        ${baseUrl}/docs

Next:
  curl -sS -H "Authorization: Bearer $(cat ${paths.adminKey})" ${baseUrl}/v1/users/me`)
}
