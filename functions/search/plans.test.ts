import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../db/client.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { createTestDatabase, testDatabase } from '../../test/harness/database.ts'
import { addMember } from '../../test/harness/members.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import type { HitType } from './filters.ts'
import { firstPosition } from './order.ts'
import { findHits } from './queries.ts'

const messageCount = 40_000
const channelCount = 200

type Reader = { tenantId: string; userId: string; role: 'viewer' | 'guest' }
let database: Database
let readers: { viewer: Reader; guest: Reader }

const find = (reader: Reader, word: string, types: HitType[]) =>
  findHits(database.db, {
    ...{
      reader,
      query: { type: 'lexeme', lexeme: word },
      filter: { tags: [] },
      position: firstPosition(types),
      limit: 20,
    },
  })

// One connection, whose plans are those of the empty tables unless each search is planned for itself.
beforeAll(async () => {
  await testDatabase()
  const { url } = await createTestDatabase()
  database = openDatabase({
    ...{ url, poolMax: 1, prepare: true, applicationName: 'octavo-plans' },
    ...{ statementTimeoutMs: 30_000, connectTimeoutMs: 5_000 },
  })
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
        || case when n % 1000 = 0 then 'rare ' else '' end || n, now()
    from generate_series(1, ${messageCount}::int) n
    join (select id, row_number() over (order by id) - 1 as place from channels where tenant_id = ${tenantId}) c
      on c.place = (n / 3) % ${channelCount}::int`)
  await db.execute(sql`
    insert into artifacts (tenant_id, id, title, media_type, created_by_user_id, status, created_at, updated_at)
    select ${tenantId}::uuid, gen_random_uuid(), case when n % 100 = 0 then 'rare' else 'common' end, 'text/plain',
      ${admin.id}::uuid, 'completed', now(), now() from generate_series(1, 5000) n`)
}, 120_000)
afterAll(() => database.close())

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
