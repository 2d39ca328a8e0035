import { rm } from 'node:fs/promises'
import { defineCommand } from 'citty'
import { rememberedFile } from '../config/remembered.ts'
import { type Config, loadConfig } from '../config.ts'
import { removePostgresData } from '../services/postgres-rights.ts'
import { stopStack } from './stop.ts'
import { confirmed, orExplain } from './terminal.ts'

export const reset = defineCommand({
  meta: { name: 'reset', description: 'Stop the stack and delete all its data' },
  args: { yes: { type: 'boolean', description: 'Do not ask' } },
  run: ({ args }) =>
    orExplain(async () => {
      const config = loadConfig()
      const question = `Delete all documents, users and keys in ${config.home}?`
      if (!args.yes && !(await confirmed(question))) {
        console.log('Nothing was deleted.')
        process.exitCode = 1
        return
      }
      await stopStack(config)
      await deleteData(config)
      console.log(`All data in ${config.home} is gone; programs fetched for it stay.`)
    }),
})

/** Deletes what this stack made, by name: whatever else lies in its home is not ours. */
async function deleteData({ home, paths }: Config): Promise<void> {
  const { adminKey, build, caddy, logs, redis, run, storage, secrets } = paths
  const owned = [
    rememberedFile(home),
    adminKey,
    `${adminKey}.pending`,
    build,
    caddy,
    logs,
    redis,
    run,
    storage,
    secrets,
  ]
  // First, because under the system user the data lies elsewhere and only the home's link says where.
  removePostgresData(home)
  for (const path of owned) await rm(path, { recursive: true, force: true })
}
