import { expect, test } from 'vitest'
import { roles } from '../db/schema/index.ts'
import { admittedRoles } from '../functions/_shared/access/roles.ts'
import type { FunctionApp } from '../functions/_shared/http/app.ts'
import type { Route } from '../functions/_shared/http/route.ts'
import { registry } from '../local-runtime/registry.ts'
import { addMember } from '../test/harness/members.ts'
import { setup } from '../test/harness/setup.ts'
import { loadFunctions, rolesMatrix } from './roles-matrix.ts'

const isAtRoot = ({ atRoot, path }: Route, url: string): boolean =>
  atRoot === true && path.split('/')[1] === url.split('/')[1]

async function setupAll() {
  let functions: FunctionApp[] = []
  const bench = await setup(() => ({
    fetch: (request) => {
      const url = new URL(request.url).pathname
      const app = functions.find(
        ({ info, routes }) =>
          url.startsWith(`/v1/${info.name}`) || routes.some((route) => isAtRoot(route, url)),
      )
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

const isKnown = (role: unknown): boolean =>
  ['any', 'operator', 'public', ...roles].includes(role as (typeof roles)[number])

test('every function has routes, and every route says who may call it', async () => {
  const { functions, operations } = await setupAll()
  expect(functions.map(({ info }) => info.name)).toEqual(registry.map(({ name }) => name))
  expect(functions.filter(({ routes }) => routes.length === 0)).toEqual([])
  const silent = operations.filter(({ route: { role } }) => {
    const named: readonly unknown[] = Array.isArray(role) ? role : [role]
    return named.length === 0 || !named.every(isKnown)
  })
  expect(silent.map(({ route }) => route.operationId)).toEqual([])
})

// What the kit or a handler answers whoever was let in: the row is not there, or the empty input is not enough.
const isLetIn = (status: number): boolean => ![401, 403, 405].includes(status) && status < 500

test('every cell of the matrix is what a call meets: let in where it says yes, refused where it is blank', async () => {
  const { operations, request, db, tenant, operator } = await setupAll()
  const wrong: string[] = []
  let cells = 0
  const meet = (what: string, wanted: readonly number[] | 'let in', status: number) => {
    cells += 1
    const isRight = wanted === 'let in' ? isLetIn(status) : wanted.includes(status)
    if (!isRight) wrong.push(`${what}: ${status} instead of ${wanted}`)
  }
  for (const { app, route } of operations) {
    const path = `${route.atRoot ? '' : `/v1/${app.info.name}`}${route.path === '/' ? '' : route.path}`
    // No row has this id: whoever is admitted gets 404, or a fault of the empty input, and changes nothing.
    const url = path.replaceAll(/:\w+/g, '0199a1c2-77aa-7aaa-8aaa-0000000000ff')
    const call = async (authorization: string | null) => {
      const headers = authorization === null ? {} : { authorization }
      const reply = await request(url, { method: route.method.toUpperCase(), headers })
      await reply.body?.cancel()
      return reply.status
    }
    const { operationId: id, role: routeRole } = route
    const isPublic = routeRole === 'public'
    meet(`${id} without a key`, isPublic ? 'let in' : [401], await call(null))
    for (const role of roles) {
      const home = routeRole === 'operator' ? operator.id : tenant.id
      const { auth } = await addMember(db, home, { role })
      const isAdmitted = admittedRoles(routeRole).includes(role)
      meet(`${id} as ${role}`, isAdmitted ? 'let in' : [403], await call(auth.authorization))
    }
    if (routeRole === 'operator')
      meet(`${id} as a stranger's admin`, [403], await call(`Bearer ${tenant.keys.admin}`))
  }
  expect(cells).toBeGreaterThanOrEqual(operations.length * (roles.length + 1))
  expect(wrong).toEqual([])
})
