const pascalCase = (name: string): string =>
  name.replace(/(^|-)(.)/g, (_, _hyphen, letter: string) => letter.toUpperCase())

/** The files of a new function: contract first, its statement apart, a test per promise. */
export function functionFiles(name: string): Record<string, string> {
  const type = pascalCase(name)
  return {
    'index.ts': contract(name, type),
    'queries.ts': queries,
    [`${name}.test.ts`]: tests(type),
  }
}

const contract = (name: string, type: string) => `import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { AppError } from '../_shared/http/problems.ts'
import { failures, reply, route } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { findTenantName } from './queries.ts'

const ${type} = z
  .object({
    tenant_name: z.string().meta({ description: 'Name of your tenant.', example: 'Acme' }),
    time: z.iso.datetime().meta({ example: '2026-11-20T08:00:00.000Z' }),
  })
  .meta({ id: '${type}' })

const read${type} = route({
  method: 'get',
  path: '/',
  operationId: 'read${type}',
  role: 'viewer',
  summary: 'Read what ${name} knows',
  replies: { 200: ${type}, ...failures('not_found') },
})

/** Say here in one sentence what ${name} is for. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: '${name}', summary: 'Say here in one sentence what ${name} is for.' }).on(
    read${type},
    async (c) => {
      const tenantName = await findTenantName(deps.db, c.tenantId)
      if (tenantName === null) throw new AppError('not_found', 'There is nothing here.')
      return reply(200, { tenant_name: tenantName, time: deps.now().toISOString() })
    },
  )

export type ${type}App = ClientApp<ReturnType<typeof createApp>>
`

const queries = `import { eq } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { tenants } from '../../db/schema/index.ts'

/** @returns \`null\` when the tenant is gone */
export async function findTenantName(db: Db, tenantId: string): Promise<string | null> {
  const [row] = await db
    .select({ name: tenants.name })
    .from(tenants)
    .where(eq(tenants.id, tenantId))
  return row?.name ?? null
}
`

const tests = (type: string) => `import { expect, test } from 'vitest'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type ${type} = { tenant_name: string; time: string }

test('each tenant reads its own name and the time', async () => {
  const { get, tenant, otherTenant, clock } = await setup(createApp)
  const response = await get('/', { as: 'viewer' })
  expect(response.status).toBe(200)
  expect(await bodyOf<${type}>(response)).toEqual({
    tenant_name: tenant.name,
    time: clock.now().toISOString(),
  })
  const other = await bodyOf<${type}>(await otherTenant.get('/'))
  expect(other.tenant_name).toBe(otherTenant.name)
})

test('nobody reads without a key, and a key for uploads is refused', async () => {
  const { get } = await setup(createApp)
  expect((await get('/', { as: 'nobody' })).status).toBe(401)
  expect((await get('/', { as: 'ingest' })).status).toBe(403)
})
`
