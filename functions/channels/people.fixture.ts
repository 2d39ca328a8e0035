import type { Role } from '../../db/schema/index.ts'
import { addMember, type Member } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { type SetupOptions, setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

export type Channel = {
  id: string
  kind: string
  name: string | null
  topic: string
  user_ids: string[] | null
  archived_at: string | null
  version: number
}
type Headers = Record<string, string>

/** A tenant in which people of any role talk. */
export async function withPeople(options: SetupOptions = {}) {
  const bundle = await setup(createApp, options)
  const { db, tenant, get, post, patch, del } = bundle

  const speaking = ({ id, keyId, auth }: Pick<Member, 'id' | 'keyId' | 'auth'>) => {
    const sent = (headers: Headers = {}) => ({ headers: { ...auth, ...headers } })
    return {
      ...{ id, keyId, auth },
      get: (path: string, headers?: Headers) => get(path, sent(headers)),
      post: (path: string, body?: unknown, headers?: Headers) => post(path, body, sent(headers)),
      patch: (path: string, body?: unknown, headers?: Headers) => patch(path, body, sent(headers)),
      del: (path: string, headers?: Headers) => del(path, sent(headers)),
    }
  }
  const person = async (role: Role = 'viewer') => speaking(await addMember(db, tenant.id, { role }))
  type Person = Awaited<ReturnType<typeof person>>
  const admin: Person = speaking({
    id: tenant.admin.id,
    keyId: tenant.keyIds.admin,
    auth: { authorization: `Bearer ${tenant.keys.admin}` },
  })
  const make = async (maker: Person, fields: object = {}) => {
    const name = `n${crypto.randomUUID()}`
    return bodyOf<Channel>(await maker.post('/', { kind: 'private', name, ...fields }))
  }
  return { ...bundle, speaking, person, admin, make }
}

export type People = Awaited<ReturnType<typeof withPeople>>
export type Person = People['admin']
