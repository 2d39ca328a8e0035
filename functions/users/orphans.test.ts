import postgres from 'postgres'
import { beforeAll, expect, test } from 'vitest'
import {
  columnsOfWhatGoesWithTheUser as going,
  columnsThatOutliveTheUser as outliving,
} from '../../domain/identity/user-columns.ts'
import {
  type Catalogue,
  type CatalogueColumn,
  fillTables,
  readCatalogue,
} from '../../test/fixtures/catalogue-rows.ts'
import { onFileEnd, testDatabase } from '../../test/harness/database.ts'
import { addMember } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

/** What ids without a foreign key are of, when it is nobody. */
const things = ['id', 'token', 'lease_token', 'depends_on_id']
const thing = /(^|_)(key|job|batch|document|template|run|edition|deadline)_ids?$/

const declared = { ...going, ...outliving }

let catalogue: Catalogue
let sql: postgres.Sql

beforeAll(async () => {
  const { url } = await testDatabase()
  sql = postgres(url, { max: 1, onnotice: () => {} })
  onFileEnd(() => sql.end({ timeout: 1 }))
  catalogue = await readCatalogue(sql)
})

const placeOf = ({ table, name }: CatalogueColumn) => `${table}.${name}`

const refersTo = ({ table, name }: CatalogueColumn, parent?: string) =>
  catalogue.references.some(
    (one) =>
      one.table === table && one.columns.includes(name) && (!parent || one.parent === parent),
  )

const isId = ({ type }: CatalogueColumn) => type === 'uuid' || type === 'uuid[]'

const isUserColumn = (column: CatalogueColumn) =>
  isId(column) &&
  column.name !== 'tenant_id' &&
  (/(^|_)users?_ids?$/.test(column.name) || refersTo(column, 'users'))

test('each column that means a user is a foreign key, or is declared with a reason', () => {
  const loose = catalogue.columns.filter(
    (column) =>
      isUserColumn(column) && !refersTo(column, 'users') && placeOf(column) !== 'users.id',
  )
  const undeclared = loose.map(placeOf).filter((place) => !(place in declared))
  expect(undeclared).toEqual([])
})

test('each other id is named after a thing, so that nobody hides behind a name', () => {
  const unknown = catalogue.columns.filter(
    (column) =>
      isId(column) &&
      !isUserColumn(column) &&
      !refersTo(column) &&
      !(placeOf(column) in declared) &&
      column.name !== 'tenant_id' &&
      !things.includes(column.name) &&
      !thing.test(column.name),
  )
  expect(unknown.map(placeOf)).toEqual(['webhook_events.subject_id'])
})

test('what is declared is there', () => {
  const places = new Set(catalogue.columns.map(placeOf))
  expect(Object.keys(declared).filter((place) => !places.has(place))).toEqual([])
})

// Tables whose rows somebody has already, or that must make sense to whoever deletes them.
const values = { 'games.status': 'ended', 'channel_heads.event_seq': 1 }

async function setupLeaver() {
  const bench = await setup(createApp)
  const { db, tenant } = bench
  const { id: userId } = await addMember(db, tenant.id, { role: 'editor' })
  const known = { 'users.id': userId }
  await fillTables(sql, catalogue, { tenantId: tenant.id, userId, isUserColumn, values, known })
  return { ...bench, userId }
}

const userColumns = () => catalogue.columns.filter(isUserColumn)

/** Places in which the id of a user lies: columns that mean somebody, and any other, whatever it means. */
async function placesOf(tenantId: string, userId: string): Promise<string[]> {
  const found: string[] = []
  for (const table of new Set(catalogue.columns.map((column) => column.table))) {
    const rows = await sql<{ name: string }[]>`
      select distinct field.key as name from ${sql(table)} t, jsonb_each(to_jsonb(t)) field
      where t.tenant_id = ${tenantId} and field.value::text like ${`%${userId}%`}`
    found.push(...rows.map(({ name }) => `${table}.${name}`))
  }
  return found.sort()
}

test.each([
  ['with all that is theirs', async () => ''],
  [
    'with an heir',
    async ({ tenant }: Awaited<ReturnType<typeof setupLeaver>>) =>
      `?transfer_to=${tenant.admin.id}`,
  ],
])('a user deleted %s is named nowhere but where it is declared', async (_, query) => {
  const bench = await setupLeaver()
  const { del, tenant, userId } = bench
  const before = await placesOf(tenant.id, userId)
  expect(before).toEqual(
    expect.arrayContaining(
      userColumns()
        .filter(({ table }) => table !== 'audit_log')
        .map(placeOf),
    ),
  )
  const reply = await del(`/${userId}${await query(bench)}`)
  expect([reply.status, await reply.text()]).toEqual([204, ''])
  const after = await placesOf(tenant.id, userId)
  expect(after.filter((place) => !(place in outliving))).toEqual([])
  expect(after).toContain('audit_log.subject_id')
})
