import { expect, test } from 'vitest'
import type { Role } from '../../db/schema/index.ts'
import { addMember } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { IssuedKey } from './contract.ts'
import { createApp } from './index.ts'

const scanner = { name: 'scanner', role: 'viewer' }
const issuedOf = async (reply: Response) => IssuedKey.parse(await reply.json())

test('each role gets to exactly the routes that are its own', async () => {
  const { post, get, del, db, tenant } = await setup(createApp)
  const own = () => addMember(db, tenant.id, { role: 'viewer' })
  const routes = {
    create: (as: Role) => post('/', scanner, { as }),
    list: (as: Role) => get('/', { as }),
    read: (as: Role) => get(`/${tenant.keyIds.viewer}`, { as }),
    rotate: async (as: Role) => {
      const { id } = await issuedOf(await post('/', scanner))
      return post(`/${id}/rotate`, {}, { as })
    },
    revoke: async (as: Role) => {
      const { id } = await issuedOf(await post('/', scanner))
      return del(`/${id}`, { as })
    },
    othersRevoke: async (as: Role) => del(`/${(await own()).keyId}`, { as }),
  }
  const ladder = { create: 201, list: 200, read: 200, rotate: 201, revoke: 204, othersRevoke: 404 }
  const all = (status: number) =>
    Object.fromEntries(Object.keys(routes).map((name) => [name, status]))
  const actual: Record<string, Record<string, number>> = {}
  for (const role of ['admin', 'editor', 'viewer', 'ingest', 'worker', 'nobody'] as Role[]) {
    const row: Record<string, number> = {}
    for (const [name, call] of Object.entries(routes)) row[name] = (await call(role)).status
    actual[role] = row
  }
  expect(actual).toEqual({
    admin: { ...ladder, othersRevoke: 204 },
    editor: ladder,
    viewer: ladder,
    ingest: all(403),
    worker: all(403),
    nobody: all(401),
  })
})
