import { defineCommand, runMain } from 'citty'

/** The command line `octavo ...`. Each command is loaded when it is asked for: most need neither database nor build. */
const main = defineCommand({
  meta: { name: 'octavo', description: 'Self-hosted document backend: one command runs it all' },
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
    keys: () => import('./commands/keys.ts').then((module) => module.keys),
    config: () => import('./commands/config.ts').then((module) => module.config),
    db: () => import('./commands/db.ts').then((module) => module.db),
    index: () => import('./commands/db.ts').then((module) => module.index),
    sql: () => import('./commands/ask-services.ts').then((module) => module.sql),
    redis: () => import('./commands/ask-services.ts').then((module) => module.redis),
  },
})

// Whoever reads our output has had enough, such as `octavo logs | head`; what was asked of the supervisor goes on.
process.stdout.on('error', () => process.exit(0))

await runMain(main)
