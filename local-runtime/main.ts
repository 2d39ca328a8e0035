import { defineCommand, runMain } from 'citty'

/** The command line `octavo ...`. Each command is loaded when it is asked for. */
const main = defineCommand({
  meta: { name: 'octavo', description: 'Self-hosted document backend: one command runs it all.' },
  subCommands: {
    deploy: () => import('./commands/deploy.ts').then((module) => module.deploy),
    stop: () => import('./commands/stop.ts').then((module) => module.stop),
    status: () => import('./commands/status.ts').then((module) => module.status),
    build: () => import('./commands/build.ts').then((module) => module.build),
  },
})

await runMain(main)
