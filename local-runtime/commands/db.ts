import { defineCommand } from 'citty'
import { createIndexConcurrently } from '../../db/indexes.ts'
import { migrate, migrationStatus } from '../../db/migrate.ts'
import { rollbackMigration } from '../../db/rollback.ts'
import { type Config, loadConfig } from '../config.ts'
import { databaseAddress } from '../deps.ts'
import { orExplain } from './terminal.ts'

const log = (line: string) => console.log(line)

const migrateCommand = defineCommand({
  meta: { name: 'migrate', description: 'Bring the database to the newest migration' },
  run: () =>
    onDatabase(async (address) => {
      const applied = await migrate({ ...address, log })
      if (applied.length === 0) console.log('nothing to do')
    }),
})

const status = defineCommand({
  meta: { name: 'status', description: 'Show which migrations the database has' },
  run: () =>
    onDatabase(async (address) => {
      for (const { name, applied } of await migrationStatus(address))
        console.log(`${applied ? 'applied' : 'pending'}  ${name}`)
    }),
})

const rollback = defineCommand({
  meta: { name: 'rollback', description: 'Take the newest migration back, with all data it made' },
  args: {
    name: {
      type: 'positional',
      required: true,
      description: 'Its name, as `octavo db status` shows it',
    },
  },
  run: ({ args }) =>
    onDatabase(async (address) => {
      const taken = await rollbackMigration({ ...address, log, name: args.name })
      if (taken === null) throw new Error('This database has no migration to take back.')
    }),
})

const createIndex = defineCommand({
  meta: {
    name: 'create',
    description: 'Build an index of a migration ahead of it, without locking writers out',
  },
  args: { name: { type: 'positional', required: true, description: 'Name of the index' } },
  run: ({ args }) =>
    onDatabase(async (address) => {
      console.log(await createIndexConcurrently(args.name, { ...address, log }))
    }),
})

export const db = defineCommand({
  meta: { name: 'db', description: 'Migrations' },
  subCommands: { migrate: migrateCommand, rollback, status },
})

export const index = defineCommand({
  meta: { name: 'index', description: 'Large indexes' },
  subCommands: { create: createIndex },
})

type Address = ReturnType<typeof databaseAddress>

function onDatabase(work: (address: Address) => Promise<void>): Promise<void> {
  return orExplain(async () => {
    const config: Config = loadConfig()
    try {
      await work(databaseAddress(config))
    } catch (err) {
      const { code } = err as { code?: string }
      if (code !== 'ECONNREFUSED' && code !== 'CONNECT_TIMEOUT') throw err
      throw new Error(`No database answers at ${config.database.url}.`, { cause: err })
    }
  })
}
