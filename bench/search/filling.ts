import { randomUUID } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import type postgres from 'postgres'
import type { BenchStack } from '../stack.ts'
import { channelCount, isVisible, messageTexts, pagesPerDocument, pageTexts } from './corpus.ts'

/** `tenantId`, and the keys of a viewer who sees a tenth of the channels and of one who sees them all. */
export type Filled = { tenantId: string; tenthUserId: string; keys: { tenth: string; all: string } }

type Tenant = { id: string; userId: string }
type Viewer = { userId: string; key: string }

/** Fills a new stack's database straight. */
export async function fill(stack: BenchStack, sql: postgres.Sql): Promise<Filled> {
  const [tenant] = await sql<Tenant[]>`
    select t.id, u.id as "userId" from tenants t join users u on u.tenant_id = t.id limit 1`
  if (!tenant) throw new Error('The stack has no tenant.')
  const [tenth, all] = [await addViewer(stack, 'tenth'), await addViewer(stack, 'all')]
  await addMessages(sql, tenant, await addChannels(sql, tenant, { tenth, all }))
  await addPages(sql, tenant)
  await sql`vacuum (analyze) channels, channel_members, documents, document_pages, messages, artifacts`
  const keys = { tenth: tenth.key, all: all.key }
  return { tenantId: tenant.id, tenthUserId: tenth.userId, keys }
}

async function addViewer(stack: BenchStack, name: string): Promise<Viewer> {
  const post = async (path: string, body: Record<string, string>) => {
    const reply = await fetch(`${stack.baseUrl}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    })
    if (!reply.ok) throw new Error(`${path} answered ${reply.status}: ${await reply.text()}`)
    return (await reply.json()) as { id: string; key: string }
  }
  const person = { email: `${name}@example.com`, display_name: name, role: 'viewer' }
  const user = await post('/v1/users', person)
  const { key } = await post('/v1/keys', { name, role: 'viewer', user_id: user.id })
  return { userId: user.id, key }
}

type Viewers = { tenth: Viewer; all: Viewer }

/** Of those that a tenth sees, every second one is public and the others have them as a member; all others are private. */
async function addChannels(sql: postgres.Sql, { id: tenantId }: Tenant, { tenth, all }: Viewers) {
  const rows = Array.from({ length: channelCount }, (_, at) => ({
    ...{ tenant_id: tenantId, id: randomUUID(), name: `channel ${at}` },
    ...{ created_by_user_id: all.userId, isSeen: isVisible(at) },
    kind: isVisible(at) && at % 20 === 0 ? 'public' : 'private',
  }))
  const columns = ['tenant_id', 'id', 'name', 'created_by_user_id', 'kind'] as const
  await sql`insert into channels ${sql(rows, ...columns)}`
  const memberIds = (isSeen: boolean) => (isSeen ? [tenth.userId, all.userId] : [all.userId])
  const members = rows
    .filter(({ kind }) => kind === 'private')
    .flatMap(({ id, isSeen }) =>
      memberIds(isSeen).map((userId) => ({
        ...{ tenant_id: tenantId, channel_id: id, user_id: userId, role: 'member' },
      })),
    )
  await sql`insert into channel_members ${sql(members)}`
  return rows.map(({ id }) => id)
}

async function addMessages(sql: postgres.Sql, tenant: Tenant, channelIds: readonly string[]) {
  const columns = 'tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at'
  const lines = function* () {
    for (const { id, group, number, text } of messageTexts())
      yield [tenant.id, id, channelIds[group], number, tenant.userId, 'A', text, '2026-01-01']
  }
  await copy(sql, `messages (${columns})`, lines())
}

async function addPages(sql: postgres.Sql, tenant: Tenant) {
  const sha256 = `\\\\x${'00'.repeat(32)}`
  const blob = [tenant.id, sha256, 'a key', 1]
  await copy(sql, 'blobs (tenant_id, sha256, storage_key, bytes)', [blob])
  const columns =
    'tenant_id, id, user_id, sha256, revision, filename, media_type, kind, status, job_id'
  const documents = function* () {
    const file = ['a.pdf', 'application/pdf', 'pdf', 'completed', randomUUID()]
    for (const { id, group, number } of pageTexts())
      if (number === pagesPerDocument)
        yield [tenant.id, id, tenant.userId, sha256, group + 1, ...file]
  }
  await copy(sql, `documents (${columns})`, documents())
  const pages = function* () {
    for (const { id, number, text } of pageTexts()) yield [tenant.id, id, number, text, '\\\\x']
  }
  await copy(sql, 'document_pages (tenant_id, document_id, number, text, words)', pages())
}

type Fields = readonly (string | number | undefined)[]

async function copy(sql: postgres.Sql, into: string, rows: Iterable<Fields>): Promise<void> {
  const lines = function* () {
    for (const fields of rows) yield `${fields.join('\t')}\n`
  }
  await pipeline(lines, await sql.unsafe(`copy ${into} from stdin`).writable())
}
