import { defineCommand } from 'citty'
import { deleteTenant } from '../../domain/identity/tenants.ts'
import { createTenant } from '../bootstrap.ts'
import { confirmed, orExplain } from './terminal.ts'
import { withDatabase } from './with-database.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const create = defineCommand({
  meta: { name: 'create', description: 'Make a tenant with an admin; its key is shown once' },
  args: {
    name: { type: 'positional', required: true, description: 'Unique name of the tenant' },
    json: { type: 'boolean', description: '{ "tenant_id", "key" }' },
  },
  run: ({ args }) =>
    withDatabase(async ({ deps }) => {
      const { tenantId, key } = await createTenant(deps.db, args.name)
      if (args.json) console.log(JSON.stringify({ tenant_id: tenantId, key }))
      else console.log(`tenant  ${tenantId}\nkey     ${key}   (shown this once)`)
    }),
})

const remove = defineCommand({
  meta: { name: 'delete', description: 'Remove a tenant with everything it owns' },
  args: {
    id: { type: 'positional', required: true, description: 'Id of the tenant' },
    yes: { type: 'boolean', description: 'Do not ask' },
  },
  run: ({ args }) =>
    orExplain(async () => {
      if (!uuid.test(args.id)) throw new Error(noTenantId(args.id))
      if (args.yes || (await confirmed(`Delete the tenant ${args.id} and all its documents?`)))
        return deleteWithFiles(args.id)
      console.log('Nothing was deleted.')
      process.exitCode = 1
    }),
})

const deleteWithFiles = (id: string): Promise<void> =>
  withDatabase(async ({ deps }) => {
    const storageKeys = await deps.db.transaction((tx) => deleteTenant(tx, id))
    if (storageKeys === null) throw new Error(`There is no tenant ${id} that could be deleted.`)
    for (const storageKey of storageKeys) await deps.storage.delete(storageKey)
    console.log(`deleted, with ${storageKeys.length} files`)
  })

const noTenantId = (text: string): string =>
  `"${text}" is no tenant id. See them by: octavo sql "select id, name from tenants"`

export const tenants = defineCommand({
  meta: { name: 'tenants', description: 'Make and remove tenants' },
  subCommands: { create, delete: remove },
})
