import { defineCommand } from 'citty'
import { roles } from '../../db/schema/index.ts'
import { createKey } from '../bootstrap.ts'
import { withDatabase } from './with-database.ts'

const create = defineCommand({
  meta: {
    name: 'create',
    description: 'Make a key, by default for the operator: recovers a lost one',
  },
  args: {
    tenant: { type: 'string', description: "Name of a tenant (default: the operator's)" },
    email: { type: 'string', description: 'User of that tenant (default: its first admin)' },
    role: { type: 'enum', options: [...roles], default: 'admin', description: 'What it may do' },
    name: { type: 'string', default: 'command line', description: 'What the key is for' },
    json: { type: 'boolean', description: '{ "tenant_id", "key" }' },
  },
  run: ({ args }) =>
    withDatabase(async ({ deps }) => {
      const { tenant, email, name } = args
      const request = { name, role: args.role, ...(tenant ? { tenant } : {}) }
      const issued = await createKey(deps.db, { ...request, ...(email ? { email } : {}) })
      if (args.json) console.log(JSON.stringify({ tenant_id: issued.tenantId, key: issued.key }))
      else console.log(issued.key)
    }),
})

export const keys = defineCommand({
  meta: { name: 'keys', description: 'Make keys' },
  subCommands: { create },
})
