import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { places } from '../../db/schema/places.ts'
import { caller } from '../../test/fixtures/caller.ts'
import { featureCollection, geo, type Imported, pointFeature } from '../../test/fixtures/geo.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const count = 1_200 // more than a batch

const many = (name = 'Place', ids = Array.from({ length: count }, (_, n) => n)) =>
  JSON.stringify(
    featureCollection(
      ...ids.map((id) => pointFeature([id / 100, 1], { name: `${name} ${id}` }, id)),
    ),
  )

async function world() {
  const made = await geo()
  const stored = () => made.db.$count(places, eq(places.tenantId, made.tenant.id))
  return { ...made, stored }
}

async function totalsOf(reply: Response) {
  const imported = await bodyOf<Imported>(reply)
  expect(reply.status, JSON.stringify(imported)).toBe(200)
  return imported.totals
}

test('of a caller who goes away in the middle of a file nothing stays', async () => {
  const { post, stored } = await world()
  const { body, send, goAway } = caller()
  const reply = post('/import', body, { headers: { 'content-type': 'application/geo+json' } })
  send(many().slice(0, 20_000))
  goAway()
  expect((await reply).status).toBe(400)
  expect(await stored()).toBe(0)
})

/** Sends a file that has written some batches when it comes to a place that somebody else is making. */
async function heldUp(
  { db, tenant }: { db: Db; tenant: { id: string; admin: { id: string } } },
  send: () => Promise<Response>,
) {
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  const holder = db.transaction(async (tx) => {
    const owner = { tenantId: tenant.id, userId: tenant.admin.id }
    await addPlace(tx as unknown as Db, { ...owner, featureKey: `n:${count - 1}` })
    isHeld.resolve()
    await gate.promise
    tx.rollback()
  })
  await isHeld.promise
  const reply = send()
  const waiting = sql`from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  await eventually('the import waits', async () => {
    const [row] = await db.execute<{ count: number }>(sql`select count(*)::int as count ${waiting}`)
    return row?.count === 1
  })
  return {
    reply,
    kill: () => db.execute(sql`select pg_terminate_backend(pid) ${waiting}`),
    letGo: async () => {
      gate.resolve()
      await holder.catch(() => {})
    },
  }
}

test('of an import that loses its database half-way nothing stays, and all of it comes in again', async () => {
  const { send, stored, ...rest } = await world()
  const { reply, kill, letGo } = await heldUp(rest, () => send(many()))
  await kill()
  expect((await reply).status).toBe(503)
  await letGo()
  expect(await stored()).toBe(0)
  expect(await totalsOf(await send(many()))).toMatchObject({ created: count })
  expect(await stored()).toBe(count)
})

test('of two imports of a file at once one makes the places, and the other finds them', async () => {
  const { send, stored, all } = await world()
  const replies = await Promise.all([send(many()), send(many()), send(many())])
  const totals = await Promise.all(replies.map(totalsOf))
  expect(totals.map(({ created = 0 }) => created).sort((a, b) => a - b)).toEqual([0, 0, count])
  expect(totals.map(({ unchanged = 0 }) => unchanged).sort((a, b) => a - b)).toEqual([
    0,
    count,
    count,
  ])
  expect(await stored()).toBe(count)
  expect(new Set((await all()).map(({ version }) => version))).toEqual(new Set([1]))
})

test('imports that change the same places in other orders, and people who do, all come through', async () => {
  const { send, bring, patch, all } = await world()
  const ids = Array.from({ length: 1_100 }, (_, n) => n)
  await bring(many('First', ids))
  const before = await all()
  const byHand = before.slice(0, 20).map(({ id }) => patch(`/${id}`, { aliases: ['By hand'] }))
  const replies = await Promise.all([
    send(many('Second', ids)),
    send(many('Third', ids.toReversed())),
    ...byHand,
  ])
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
  const after = await all()
  expect(new Set(after.map(({ name }) => name.split(' ')[0])).size).toBe(1)
  expect(after.slice(0, 20).every(({ aliases }) => aliases[0] === 'By hand')).toBe(true)
  expect(after.map(({ version }) => version)).toEqual(after.map((_, n) => (n < 20 ? 4 : 3)))
})

test('two at once with one key of idempotency have one effect', async () => {
  const { send, all } = await world()
  const headers = { 'idempotency-key': crypto.randomUUID() }
  const file = featureCollection(pointFeature([1, 2], { name: 'A' }))
  const replies = await Promise.all([send(file, '', { headers }), send(file, '', { headers })])
  const statuses = replies.map(({ status }) => status).sort()
  expect([
    [200, 200],
    [200, 409],
  ]).toContainEqual(statuses)
  expect(await all()).toHaveLength(1)
})
