import { expect, test } from 'vitest'
import { roles } from '../db/schema/index.ts'
import { admittedRoles } from '../functions/_shared/access/roles.ts'
import type { FunctionApp } from '../functions/_shared/http/app.ts'
import { addMember } from '../test/harness/members.ts'
import { setup } from '../test/harness/setup.ts'
import { loadFunctions, rolesMatrix } from './roles-matrix.ts'

async function setupAll() {
  let functions: FunctionApp[] = []
  const bench = await setup(() => ({
    fetch: (request) => {
      const url = new URL(request.url).pathname
      const app = functions.find(({ info }) => url.split('/')[2] === info.name)
      if (!app) throw new Error(`no function answers at ${url}`)
      return app.fetch(request)
    },
  }))
  functions = await loadFunctions(bench.deps)
  const operations = functions.flatMap((app) => app.routes.map((route) => ({ app, route })))
  return { ...bench, functions, operations }
}

test('docs/roles.md is what the routes say', async () => {
  const { functions } = await setupAll()
  await expect(rolesMatrix(functions)).toMatchFileSnapshot('../docs/roles.md')
})

test('no two routes share an operation id', async () => {
  const { operations } = await setupAll()
  const ids = operations.map(({ route }) => route.operationId)
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
})

test('every route refuses exactly the roles that the matrix leaves blank', async () => {
  const { operations, request, db, tenant, operator } = await setupAll()
  const wrong: string[] = []
  const guarded = operations.filter(({ route }) => route.role !== 'public')
  for (const { app, route } of guarded) {
    const path = `/v1/${app.info.name}${route.path === '/' ? '' : route.path}`
    // No row has this id: whoever is admitted gets 404, or a fault of the empty input, and changes nothing.
    const url = path.replaceAll(/:\w+/g, '0199a1c2-77aa-7aaa-8aaa-0000000000ff')
    const call = async (authorization: string | null) => {
      const headers = authorization === null ? {} : { authorization }
      const reply = await request(url, { method: route.method.toUpperCase(), headers })
      await reply.body?.cancel()
      return reply.status
    }
    const nobody = await call(null)
    if (nobody !== 401) wrong.push(`${route.operationId} answers nobody ${nobody}`)
    for (const role of roles) {
      const home = route.role === 'operator' ? operator.id : tenant.id
      const { auth } = await addMember(db, home, { role })
      const isRefused = (await call(auth.authorization)) === 403
      if (isRefused === admittedRoles(route.role).includes(role))
        wrong.push(`${route.operationId} ${isRefused ? 'refuses' : 'admits'} ${role}`)
    }
    if (route.role === 'operator' && (await call(`Bearer ${tenant.keys.admin}`)) !== 403)
      wrong.push(`${route.operationId} admits an admin of another tenant`)
  }
  expect(guarded.length).toBeGreaterThan(10)
  expect(wrong).toEqual([])
})
