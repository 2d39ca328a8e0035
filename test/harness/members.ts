import { uuidv7 } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import { apiKeys, type Role, users } from '../../db/schema/index.ts'
import { newKey } from '../../functions/_shared/access/keys.ts'

export type Member = { id: string; keyId: string; key: string; auth: { authorization: string } }

/** One more user of a tenant, with one key of that role, or of `keyRole`. */
export async function addMember(
  db: Db,
  tenantId: string,
  { role, keyRole = role }: { role: Role; keyRole?: Role },
): Promise<Member> {
  const [id, keyId] = [uuidv7(), uuidv7()]
  const { text, secretSha256 } = await newKey(keyId)
  await db.insert(users).values({
    tenantId,
    id,
    email: `${role}-${id}@octavo.test`,
    displayName: `A ${role}`,
    role,
  })
  await db.insert(apiKeys).values({
    tenantId,
    id: keyId,
    userId: id,
    name: `${keyRole} key`,
    role: keyRole,
    secretSha256,
  })
  return { id, keyId, key: text, auth: { authorization: `Bearer ${text}` } }
}

/** What two refusals must share to the byte, so that nobody learns which of the two it was. */
export async function refusalOf(reply: Response): Promise<unknown> {
  const headers = Object.fromEntries(reply.headers)
  const body = (await reply.text()).replaceAll(headers['x-request-id'] ?? '', '<request id>')
  for (const name of ['x-request-id', 'ratelimit', 'server-timing']) delete headers[name]
  return { status: reply.status, headers, body }
}
