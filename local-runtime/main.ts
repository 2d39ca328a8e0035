import { type CommandDef, defineCommand, runMain } from 'citty'
import octavo from '../package.json' with { type: 'json' }
import { helpText, refuseMistakes, UsageFault } from './command-line.ts'

/** The command line `octavo ...`. Each command is loaded when it is asked for: most need neither database nor build. */
const main: CommandDef = defineCommand({
  meta: {
    name: 'octavo',
    version: octavo.version,
    description: 'Self-hosted document backend: one command runs it all',
  },
  subCommands: {
    deploy: () => import('./commands/deploy.ts').then((module) => module.deploy),
    stop: () => import('./commands/stop.ts').then((module) => module.stop),
    status: () => import('./commands/status.ts').then((module) => module.status),
    logs: () => import('./commands/logs.ts').then((module) => module.logs),
    reset: () => import('./commands/reset.ts').then((module) => module.reset),
    smoke: () => import('./commands/run-smoke.ts').then((module) => module.smoke),
    dev: () => import('./commands/dev.ts').then((module) => module.dev),
    build: () => import('./commands/build.ts').then((module) => module.build),
    tenants: () => import('./commands/tenants.ts').then((module) => module.tenants),
    jobs: () => import('./commands/jobs.ts').then((module) => module.jobs),
    audit: () => import('./commands/audit.ts').then((module) => module.audit),
    keys: () => import('./commands/keys.ts').then((module) => module.keys),
    import: () => import('./commands/import.ts').then((module) => module.importData),
    config: () => import('./commands/config.ts').then((module) => module.config),
    db: () => import('./commands/db.ts').then((module) => module.db),
    index: () => import('./commands/db.ts').then((module) => module.index),
    sql: () => import('./commands/ask-services.ts').then((module) => module.sql),
    redis: () => import('./commands/ask-services.ts').then((module) => module.redis),
  },
})

// What follows is for Redis to understand or to refuse.
const passesOn = new Set(['redis'])

// Whoever reads our output has had enough, such as `octavo logs | head`; what was asked of the supervisor goes on.
process.stdout.on('error', () => process.exit(0))

const rawArgs = process.argv.slice(2)
const isColoured = process.stdout.isTTY === true && process.stdout.hasColors()
const showUsage = async () => console.log(await helpText(main, rawArgs, isColoured))
const asksForVersion = ['--version', '-v'].includes(rawArgs.join(' '))

try {
  if (!asksForVersion) await refuseMistakes(main, rawArgs, passesOn)
  await runMain(main, { showUsage })
} catch (err) {
  if (!(err instanceof UsageFault)) throw err
  console.error(err.message)
  process.exitCode = 1
}
