import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import type { Manifest } from '../build.ts'
import { type Config, environment, loadConfig, prepareHome, socketPath } from '../config.ts'
import { command, NotRunning, readStatus } from '../supervisor/control-client.ts'
import type { Deployment } from '../supervisor/main.ts'
import { buildRelease } from './build-release.ts'
import { runSmoke } from './run-smoke.ts'
import { orExplain, printStep, timed } from './terminal.ts'

const supervisorStartMs = 15_000

export const deploy = defineCommand({
  meta: { name: 'deploy', description: 'Start the stack, or bring a running one to this code' },
  args: {
    smoke: { type: 'boolean', default: true, description: 'Run the smoke test at the end' },
    isolate: { type: 'string', description: '"each": one process for every function' },
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
export async function deployStack(config: Config, env: Deployment['env']): Promise<void> {
  prepareHome(config)
  const manifest = await timed('build', () => buildRelease(config), describeBuild)
  const socket = socketPath(config.paths.run, 'supervisor.sock')
  await timed(
    'supervisor',
    () => ensureSupervisor(config, manifest, env),
    (note) => note,
  )
  const body: Deployment = { manifest, env }
  await command(socket, '/deploy', { body, onStep: printStep })
}

const describeBuild = ({ functions, files }: Manifest): string =>
  `${Object.keys(functions).length} functions, ${files.length} files`

/** @throws {Error} it ended or did not answer in time; with the last lines of its log */
async function ensureSupervisor(
  config: Config,
  manifest: Manifest,
  env: Deployment['env'],
): Promise<string> {
  const socket = socketPath(config.paths.run, 'supervisor.sock')
  const running = await isRunning(socket)
  const program = join(manifest.directory, manifest.hosts.supervisor)
  if (running) {
    const isSame = readCommandLine(running).includes(program)
    return isSame ? 'running' : 'running earlier code until "stop" and a new start'
  }
  const logPath = join(config.paths.logs, 'supervisor.log')
  const log = openSync(logPath, 'a', 0o600)
  const child = spawn(process.execPath, [program], {
    cwd: config.checkout,
    env: env as NodeJS.ProcessEnv,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`The supervisor ended: ${lastLines(logPath)}`)))
  })
  ended.catch(() => {})
  child.unref()
  await Promise.race([answers(socket), ended])
  return 'started'
}

async function answers(socket: string): Promise<void> {
  const deadline = Date.now() + supervisorStartMs
  while (Date.now() < deadline) {
    if (await isRunning(socket)) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`The supervisor did not answer within ${supervisorStartMs / 1000} s.`)
}

/** @returns the pid of the supervisor that answers there, or `null` */
async function isRunning(socket: string): Promise<number | null> {
  try {
    const { processes } = await readStatus(socket)
    return processes.find(({ role }) => role === 'supervisor')?.pid ?? null
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
