import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { conferenceYaml, type Imported } from '../../test/fixtures/conferences.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { bodyOf, type Requests, requestsOf } from '../../test/harness/requests.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

const seriesCount = 2_000
// Series are not counted: a tenant has some hundreds of them, and which index finds one is open while there are none.
const tables = [
  'conference_aliases',
  'conference_editions',
  'conference_rounds',
  'conference_deadlines',
  'conference_changes',
]

let database: Database
let tenant: TestTenant
let requests: Requests
let id: string

// On one connection, whose plans are then those that were made while the tables were empty.
beforeAll(async () => {
  database = await openFirstPlans()
  tenant = await createTenant(database.db)
  const { deps } = await setup(createApp)
  requests = requestsOf(createApp({ ...deps, db: database.db }), tenant)
  for (let time = 0; time < 8; time += 1) {
    id = await bring(`2027-01-0${time + 1} 12:00`)
    await rename([`Name ${time}`])
    for (const [, path] of pages) await page(path)
  }
  await fill()
})

/** Each series with an edition, two rounds, a deadline in each, and a change. */
async function fill(): Promise<void> {
  const { db } = database
  const all = sql`from generate_series(1, ${seriesCount}) n`
  const idOf = (kind: number) =>
    sql`format('0199a1c2-77aa-7aaa-8aa%s-%s', ${kind}::text, lpad(n::text, 12, '0'))::uuid`
  const [seriesId, editionId, firstId, secondId] = [idOf(1), idOf(2), idOf(3), idOf(4)]
  await db.execute(sql`
    insert into conference_series (tenant_id, id, title, title_key, description, sub, dblp, created_at, updated_at)
    select ${tenant.id}, ${seriesId}, 'T' || n, 't' || n, '', 'AI', 'd' || n, now(), now() ${all}`)
  await db.execute(sql`
    insert into conference_aliases (tenant_id, series_id, name_key, name, kind)
    select ${tenant.id}, ${seriesId}, 'd' || n, 'd' || n, 'dblp' ${all}`)
  await db.execute(sql`
    insert into conference_editions (tenant_id, id, series_id, key, year, link, place, date_text, zone)
    select ${tenant.id}, ${editionId}, ${seriesId}, 'd27', 2027, '', '', '', 'UTC' ${all}`)
  for (const [number, roundId] of [firstId, secondId].entries()) {
    await db.execute(sql`
      insert into conference_rounds (tenant_id, id, edition_id, number, comment)
      select ${tenant.id}, ${roundId}, ${editionId}, ${number + 1}, '' ${all}`)
    await db.execute(sql`
      insert into conference_deadlines (tenant_id, id, series_id, round_id, kind, local_text, zone, at, updated_at)
      select ${tenant.id}, ${roundId}, ${seriesId}, ${roundId}, 'paper', '', 'UTC',
        timestamptz '2027-02-01' + n * interval '1 minute', now() ${all}`)
  }
  await db.execute(sql`
    insert into conference_changes (tenant_id, id, series_id, kind, field, sentence, version, at)
    select ${tenant.id}, ${firstId}, ${seriesId}, 'added', 'conference', '', 1, now() ${all}`)
}

const pages: [name: string, path: string][] = [
  ['a page of conferences', '/'],
  ['a conference', '/:id'],
  ['what falls due next', '/upcoming'],
  ['what falls due for one conference', '/upcoming?conference_id=:id'],
  ['the newest changes', '/changes'],
  ['the changes of one conference', '/changes?conference_id=:id'],
  ['the calendar of one conference', '/:id/calendar.ics'],
]

async function page(path: string): Promise<void> {
  expect((await requests.get(path.replace(':id', id))).status).toBe(200)
}

async function bring(paper: string): Promise<string> {
  const body = conferenceYaml([{ year: 2027, rounds: [{ paper }] }])
  const headers = { 'content-type': 'application/yaml' }
  const reply = await requests.post('/import', body, { headers })
  return (await bodyOf<Imported>(reply)).conferences[0]?.id ?? ''
}

async function rename(aliases: string[]): Promise<void> {
  expect((await requests.patch(`/${id}`, { aliases })).status).toBe(200)
}

const read = (work: () => Promise<unknown>) => rowsRead(database.db, tables, work)

test.each(pages)('with plans made on empty tables %s reads its own rows', async (_, path) => {
  expect(await read(() => page(path))).toBeLessThan(200)
})

test('with plans made on empty tables an import of one conference reads its own rows', async () => {
  expect(await read(() => bring('2027-01-20 12:00'))).toBeLessThan(200)
})

test('with plans made on empty tables giving names to one conference reads its own rows', async () => {
  expect(await read(() => rename(['Another']))).toBeLessThan(200)
})
