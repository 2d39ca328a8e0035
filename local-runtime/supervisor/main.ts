import { loadConfig, prepareHome, socketPath } from '../config.ts'
import { openLog } from '../log.ts'
import { claimFolder } from '../services/folder-owner.ts'
import { type LogFile, openLogFile } from '../services/log-files.ts'
import { controlProtocol, type Deployment, serveControl } from './control.ts'
import { type Release, relaySocket } from './duties.ts'
import { Supervisor } from './supervisor.ts'

const claimWaitMs = 2_000

const config = loadConfig()
prepareHome(config)
const giveBack = await claimRunFolder()
const logFiles = new Map<string, LogFile>()

function sink(name: string): LogFile['write'] {
  const file = logFiles.get(name) ?? openLogFile(config.paths.logs, name, config.logFiles)
  logFiles.set(name, file)
  return file.write
}

const { log, flush } = openLog({
  level: config.logLevel,
  source: 'supervisor',
  relaySocket: relaySocket(config),
  // Rotated like every other; standard output is left for what breaks before this line.
  out: { write: (line) => sink('supervisor')(Buffer.from(line)) },
})
const supervisor = new Supervisor(log, config.paths.run)
/** Of two supervisors started at once one gets a clear refusal; one that is just ending gets a moment to do so. */
async function claimRunFolder(): Promise<() => void> {
  const deadline = Date.now() + claimWaitMs
  for (;;) {
    try {
      return claimFolder('Octavo', config.paths.run)
    } catch (err) {
      if (Date.now() > deadline) {
        // One sentence: the command that started us shows it to a person.
        console.error(err instanceof Error ? err.message : err)
        process.exit(1)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function releaseOf(body: string): Release {
  const { manifest, groups, env } = JSON.parse(body) as Deployment
  return { config: loadConfig(env), manifest, groups, env, log, sink }
}

async function end(): Promise<void> {
  server.close()
  await Promise.all([...logFiles.values()].map((file) => file.close()))
  giveBack()
  await flush(200)
  process.exit(0)
}

const server = await serveControl(socketPath(config.paths.run, 'supervisor.sock'), {
  status: async () => ({ protocol: controlProtocol, processes: await supervisor.processes() }),
  services: () => ({ services: supervisor.services() }),
  deploy: (body, emit) => supervisor.deploy(releaseOf(body), emit),
  replace: (body, emit) => supervisor.replace(releaseOf(body), emit),
  stop: (emit) => supervisor.stop(emit),
  onStopped: () => void end(),
})
log.info('The supervisor is ready', { pid: process.pid })

const endBySignal = () => {
  void supervisor.stop(() => {}).then(end)
}
process.once('SIGTERM', endBySignal)
process.once('SIGINT', endBySignal)
// The terminal that started it may close.
process.on('SIGHUP', () => {})
process.on('uncaughtException', (err) => {
  // Whoever holds everything together must not end for one surprise; all waits for it are bounded.
  log.error('The supervisor met an unexpected error', { code: 'crash' }, err)
})
process.on('unhandledRejection', (err) => {
  log.error('The supervisor met an unexpected error', { code: 'crash' }, err)
})
