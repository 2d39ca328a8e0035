import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { addMember } from '../../test/harness/members.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import type { Filter, HitType } from './filters.ts'
import { firstPosition } from './order.ts'
import { findHits } from './queries.ts'

const messageCount = 40_000
const channelCount = 200
// As their ids say, in which their number is that of the upper 32 of 48 bits of milliseconds.
const secondsApart = 65.536
const timeOf = (number: number) => new Date(number * secondsApart * 1_000)

type More = Pick<Filter, 'from' | 'to' | 'documentId'>
type Reader = { tenantId: string; userId: string; role: 'viewer' | 'guest' }
let database: Database
let readers: { viewer: Reader; guest: Reader }

const find = (reader: Reader, word: string, types: HitType[], more: More = {}) =>
  findHits(database.db, {
    ...{
      reader,
      query: { type: 'lexeme', lexeme: word },
      filter: { tags: [], ...more },
      position: firstPosition(types),
      limit: 20,
    },
  })

// One connection, whose plans are those of the empty tables unless each search is planned for itself.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  const { id: tenantId, admin } = await createTenant(db)
  const people = [
    await addMember(db, tenantId, { role: 'viewer' }),
    await addMember(db, tenantId, { role: 'guest' }),
  ].map(({ id }) => id)
  const [viewerId = '', guestId = ''] = people
  readers = {
    viewer: { tenantId, userId: viewerId, role: 'viewer' },
    guest: { tenantId, userId: guestId, role: 'guest' },
  }
  await db.execute(sql`vacuum (analyze) channels, channel_members, messages, artifacts`)
  for (let time = 0; time < 8; time += 1)
    for (const reader of Object.values(readers))
      await find(reader, 'common', ['message', 'artifact'])
  for (let number = 0; number < channelCount; number += 1) {
    const channel = await addChannel(db, { tenantId, kind: 'private' })
    if (number % 10 === 0) await joinChannel(db, channel, { userId: viewerId })
    if (number === 0) await joinChannel(db, channel, { userId: guestId })
  }
  // `common` in each third message, `rare` in each thousandth, in all channels alike.
  await db.execute(sql`
    insert into messages (tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at)
    select ${tenantId}::uuid, (lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000')::uuid, c.id, n,
      ${admin.id}::uuid, 'A', case when n % 3 = 0 then 'common ' else '' end
        || case when n % 1000 = 0 then 'rare ' else '' end || n, to_timestamp(n * ${secondsApart}::float8)
    from generate_series(1, ${messageCount}::int) n
    join (select id, row_number() over (order by id) - 1 as place from channels where tenant_id = ${tenantId}) c
      on c.place = (n / 3) % ${channelCount}::int`)
  await db.execute(sql`
    insert into artifacts (tenant_id, id, title, media_type, created_by_user_id, status, created_at, updated_at)
    select ${tenantId}::uuid, gen_random_uuid(), case when n % 100 = 0 then 'rare' else 'common' end, 'text/plain',
      ${admin.id}::uuid, 'completed', now(), now() from generate_series(1, 5000) n`)
}, 120_000)

test.each([
  ['viewer', 'common', 10_000],
  ['viewer', 'rare', 10_000],
  ['guest', 'common', 10_000],
  ['guest', 'rare', 10_000],
] as const)(
  'a %s who sees few channels looks for "%s" in at most %i rows',
  async (role, word, max) => {
    const work = () => find(readers[role], word, ['message'])
    expect(
      await rowsRead(database.db, ['messages', 'channels', 'channel_members'], work),
    ).toBeLessThan(max)
  },
)

test.each([
  ['common', 5_500],
  ['rare', 500],
] as const)('artifacts: "%s" reads at most %i rows', async (word, max) => {
  const work = () => find(readers.viewer, word, ['artifact'])
  expect(await rowsRead(database.db, ['artifacts'], work)).toBeLessThan(max)
})

test.each([
  ['before the first thousand', { to: timeOf(1_000) }],
  ['after all but the last thousand', { from: timeOf(messageCount - 1_000) }],
  ['before all', { to: timeOf(-10_000) }],
])('what was written %s is found without reading all that match', async (_, times) => {
  await database.db.execute(sql`analyze messages`)
  const work = () => find(readers.viewer, 'common', ['message'], times)
  expect(await rowsRead(database.db, ['messages'], work)).toBeLessThan(3_000)
})

test('what was written about a document is found without reading all that match', async () => {
  const { db } = database
  const documentId = crypto.randomUUID()
  await db.execute(sql`
    insert into message_attachments (tenant_id, message_id, document_id, position)
    select tenant_id, id, ${documentId}::uuid, 0 from messages
    where tenant_id = ${readers.viewer.tenantId} order by id limit 100`)
  await db.execute(sql`analyze messages, message_attachments`)
  const work = async () => {
    const { hits } = await find(readers.viewer, 'common', ['message'], { documentId })
    expect(hits.length).toBeGreaterThan(0)
  }
  expect(await rowsRead(db, ['messages', 'message_attachments'], work)).toBeLessThan(3_000)
})
