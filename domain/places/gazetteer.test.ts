import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { Gazetteer } from './gazetteer.ts'

async function crowd(count: number) {
  const { db } = await openTestDatabase()
  const { id: tenantId } = await createTenant(db)
  await db.execute(sql`
    insert into places (tenant_id, id, collection, name, name_keys, properties, longitude, latitude,
      created_by_user_id, created_at, updated_at)
    select ${tenantId}, gen_random_uuid(), 'c' || n % 2, 'San Juan', array['san juan', 'sj ' || n],
      jsonb_build_object('population', n), 0, 0, ${tenantId}, now(), now()
    from generate_series(1, ${count}::int) n`)
  return { db, tenantId }
}

const nothing = () => undefined

test('of a name that thousands of places have the most populous are read, and others whole', async () => {
  const { db, tenantId } = await crowd(3_000)
  const gazetteer = new Gazetteer(db, { tenantId, collection: null })
  const found = await gazetteer.placesOf(['nowhere', 'san juan', 'sj 5', 'sj 6'], nothing)
  expect(found.get('san juan')?.slice(0, 2)).toMatchObject([
    { population: 3_000 },
    { population: 2_999 },
  ])
  expect(found.get('san juan')).toHaveLength(50)
  expect(found.get('sj 5')).toMatchObject([{ population: 5 }])
  expect(found.has('nowhere')).toBe(false)
})

test('a collection has its own places alone, and a name is asked for once', async () => {
  const { db, tenantId } = await crowd(4)
  const gazetteer = new Gazetteer(db, { tenantId, collection: 'c1' })
  const keys = Array.from({ length: 1_200 }, (_, index) => `sj ${index}`)
  let pauses = 0
  const pause = () => {
    pauses += 1
  }
  expect([...(await gazetteer.placesOf(keys, pause)).keys()].sort()).toEqual(['sj 1', 'sj 3'])
  expect(pauses).toBe(2)
  await gazetteer.placesOf(keys, pause)
  expect(pauses).toBe(2)
  const empty = new Gazetteer(db, { tenantId, collection: 'c2' })
  await empty.placesOf(keys, pause)
  await empty.placesOf(keys, pause)
  expect(pauses).toBe(4)
})
