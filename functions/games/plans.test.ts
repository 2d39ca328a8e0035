import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { leaveAllGames } from '../../domain/games/leaving.ts'
import { type AddedChannel, addChannel } from '../../test/fixtures/channels.ts'
import type { ShownGame } from '../../test/fixtures/playing.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { addMember, type Member } from '../../test/harness/members.ts'
import { bodyOf, type Requests, requestsOf } from '../../test/harness/requests.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

const gameCount = 4_000
const tables = ['games', 'game_players', 'game_moves']

let database: Database
let tenant: TestTenant
let channel: AddedChannel
let bob: Member
let requests: Requests

// On one connection, whose plans are then those that were made while the tables were empty.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  tenant = await createTenant(db)
  bob = await addMember(db, tenant.id, { role: 'viewer' })
  const members = { [tenant.admin.id]: 'owner', [bob.id]: 'member' } as const
  channel = await addChannel(db, { tenantId: tenant.id, members })
  const { deps } = await setup(createApp)
  requests = requestsOf(createApp({ ...deps, db }), tenant)
  await db.execute(sql`vacuum (analyze) games, game_players, game_moves`)
  // From the sixth run on the server keeps one plan for all values.
  for (let run = 0; run < 8; run += 1) {
    await lists()
    await playing()
    await leaving()
  }
  await fill()
}, 60_000)

async function fill(): Promise<void> {
  const { db } = database
  await db.execute(sql`
    insert into games (tenant_id, id, channel_id, rules, rules_version, options, seats, created_by_user_id,
      created_at, updated_at)
    select ${tenant.id}, gen_random_uuid(), ${channel.id}, 'reversi', 1, '{}', 2, ${tenant.id}, now(), now()
    from generate_series(1, ${gameCount}::int)`)
  await db.execute(sql`
    insert into game_players (tenant_id, game_id, seat, user_id, name, joined_at)
    select tenant_id, id, 1, ${tenant.admin.id}, 'A name', now() from games
    where tenant_id = ${tenant.id} and created_by_user_id = ${tenant.id}`)
  await db.execute(sql`
    insert into game_moves (tenant_id, game_id, number, seat, kind, version, at)
    select tenant_id, id, n, 1, 'pass', n, now() from games, generate_series(1, 5) n
    where tenant_id = ${tenant.id} and created_by_user_id = ${tenant.id}`)
}

const list = async (query: string) => {
  const reply = await requests.get(`/?limit=20&${query}`)
  expect(reply.status).toBe(200)
}

const queries: Record<string, () => string> = {
  'of a channel': () => `channel_id=${channel.id}`,
  'of a status': () => 'status=open',
  'of a player': () => `player_id=${tenant.admin.id}`,
  'of a player in a channel': () => `player_id=${tenant.admin.id}&channel_id=${channel.id}`,
  'of all channels': () => '',
}

async function lists(): Promise<void> {
  for (const query of Object.values(queries)) await list(query())
}

/** Opens a game, joins it, plays, reads all of it, and resigns. */
async function playing(): Promise<void> {
  const body = { channel_id: channel.id, rules: 'reversi' }
  const { id } = await bodyOf<ShownGame>(await requests.post('/', body))
  await requests.post(`/${id}/join`, {}, { headers: bob.auth })
  const headers = { 'if-match': '"v2"' }
  const moved = await requests.post(`/${id}/moves`, { move: { square: 'd3' } }, { headers })
  expect(moved.status).toBe(200)
  for (const path of ['', '/moves', '/snapshot'])
    expect((await requests.get(`/${id}${path}`)).status).toBe(200)
  expect((await requests.post(`/${id}/resign`)).status).toBe(200)
}

const leaving = () =>
  database.db.transaction((tx) =>
    leaveAllGames(tx, { tenantId: tenant.id, userId: bob.id, at: new Date() }),
  )

const read = (work: () => Promise<unknown>) => rowsRead(database.db, tables, work)

test.each(Object.entries(queries))(
  'with plans made on empty tables the list of games %s reads the rows of a page',
  async (_, query) => {
    expect(await read(() => list(query()))).toBeLessThan(150)
  },
)

test('with plans made on empty tables a game is played and read without looking at others', async () => {
  expect(await read(playing)).toBeLessThan(100)
})

test('with plans made on empty tables whoever leaves reads the games that they are in', async () => {
  await playing()
  const others = ['games', 'game_moves']
  expect(await rowsRead(database.db, others, leaving)).toBeLessThan(100)
})
