import { and, eq } from 'drizzle-orm'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { readMigrations } from '../../db/journal.ts'
import { conferenceSeries } from '../../db/schema/conferences.ts'
import {
  conferenceFiles,
  conferences,
  conferencesFolder,
  conferenceYaml,
} from '../../test/fixtures/conferences.ts'
import { testDatabase } from '../../test/harness/database.ts'
import { loadSeries } from './loading.ts'
import { searchTextOf } from './search-text.ts'

async function worded() {
  const world = await conferences()
  const { db, tenant } = world
  const ofTenant = eq(conferenceSeries.tenantId, tenant.id)
  const { id, searchText } = conferenceSeries
  const stored = async () => {
    const rows = await db.select({ id, searchText }).from(conferenceSeries).where(ofTenant)
    return new Map(rows.map((row) => [row.id, row.searchText]))
  }
  const rebuilt = async () => {
    const states = await loadSeries(db, tenant.id, [...(await stored()).keys()])
    return new Map(states.map((state) => [state.id, searchTextOf(state)]))
  }
  const expectFresh = async () => {
    const [words, wanted] = [await stored(), await rebuilt()]
    expect(words.size).toBeGreaterThan(0)
    expect(Object.fromEntries(words)).toEqual(Object.fromEntries(wanted))
    return [...words.values()]
  }
  const wordsOf = async (one: string) => {
    const own = and(ofTenant, eq(id, one))
    return (await db.select({ searchText }).from(conferenceSeries).where(own))[0]?.searchText
  }
  return { ...world, stored, expectFresh, wordsOf }
}

const years = [
  { year: 2026, rounds: [{ paper: '2025-11-01 23:59:59' }], place: 'Oslo' },
  { year: 2027, rounds: [{ paper: '2026-11-01 23:59:59' }], place: 'Bergen/Online' },
]

test('the words are title, meaning, names, area, ranks, and year, key and place of each edition', async () => {
  const { bring, patch, wordsOf } = await worded()
  const { conferences: verdicts } = await bring(conferenceYaml(years, { title: 'ESEC/FSE' }))
  const id = verdicts[0]?.id ?? ''
  await patch(`/${id}`, { aliases: ['Foundations'] })
  expect(await wordsOf(id)).toBe(
    "ESEC/FSE · A conference · conf, Foundations · SE · CCF A, CORE A*, TH-CPL B · ESEC/FSE 2027 (ESEC/FSE'27, conf27)" +
      ", Bergen / Online · ESEC/FSE 2026 (ESEC/FSE'26, conf26), Oslo" +
      ' · ESEC FSE · A conference · conf, Foundations · SE · CCF A, CORE A*, TH-CPL B',
  )
})

test('after any change the words are those of the rows', async () => {
  const { bring, patch, expectFresh } = await worded()
  const send = async (file: readonly (typeof years)[number][], names = {}) => {
    const [verdict] = (await bring(conferenceYaml(file, names))).conferences
    return { id: verdict?.id ?? '', words: (await expectFresh())[0] ?? '' }
  }
  const { id } = await send(years.slice(0, 1))
  expect((await send(years)).words).toContain('Bergen')
  const [first, second] = years
  if (!first || !second) throw new Error('two years are needed')
  expect((await send([first, { ...second, place: 'Narvik' }])).words).not.toContain('Bergen')
  expect((await send([first, { ...second, year: 2028 }])).words).toContain("CONF'28")
  expect((await send(years, { title: 'CONFERENCE' })).words).toContain('CONFERENCE 2027')
  for (const aliases of [['Nordic days'], ['Nordlige dager', 'Days'], []]) {
    await patch(`/${id}`, { aliases })
    for (const words of await expectFresh())
      for (const name of aliases) expect(words).toContain(name)
  }
})

/** What the migration that laid the column does for what is there already. */
async function backfill(): Promise<void> {
  const migrations = await readMigrations()
  const update = migrations
    .flatMap(({ statements }) => statements)
    .find((statement) => statement.includes('UPDATE "conference_series" s SET "search_text"'))
  const { url } = await testDatabase()
  const session = postgres(url, { max: 1 })
  await session.unsafe(update ?? '')
  await session.end()
}

async function expectSameByMigration({ db, tenant, stored }: Awaited<ReturnType<typeof worded>>) {
  const words = await stored()
  const ofTenant = eq(conferenceSeries.tenantId, tenant.id)
  await db.update(conferenceSeries).set({ searchText: '' }).where(ofTenant)
  await backfill()
  expect(Object.fromEntries(await stored())).toEqual(Object.fromEntries(words))
  return words.size
}

test('the migration gives old rows the words that an import gives new ones', async () => {
  const world = await worded()
  const bare = { rank: {}, confs: [] }
  const wild = [
    { title: 'Ö/%s & Co', description: 'x/y', sub: '', dblp: '', ...bare },
    { title: "A'B", description: '', sub: 'SE', dblp: 'é', rank: { core: 'A*' }, confs: [] },
    { title: 'plain', description: '', sub: '', dblp: '', ...bare },
  ]
  await world.bring(JSON.stringify(wild))
  const many = Array.from({ length: 70 }, (_, at) => ({ year: 1950 + at, rounds: [], place: '' }))
  const { conferences: verdicts } = await world.bring(conferenceYaml(many, { dblp: 'many' }))
  const aliases = ['zeta', 'Alpha', 'B b', 'éta', '中文']
  await world.patch(`/${verdicts[0]?.id}`, { aliases })
  expect(await expectSameByMigration(world)).toBe(4)
})

test.skipIf(conferencesFolder === null)(
  'the migration gives real conferences their words (needs ../shared/data/conferences)',
  async () => {
    const world = await worded()
    for (const text of Object.values(conferenceFiles())) await world.bring(text)
    expect(await expectSameByMigration(world)).toBe(20)
    await world.expectFresh()
  },
)

test('the words of the largest conference have their bounds', () => {
  const long = (length: number) => 'x'.repeat(length)
  const text = searchTextOf({
    ...{ id: '', title: `${long(99)}/${long(100)}`, description: long(1_000), sub: long(40) },
    ...{ rankCcf: long(20), rankCore: long(20), rankThcpl: long(20), dblp: long(120) },
    aliases: Array.from({ length: 500 }, (_, at) => ({
      ...{ name: `${at}${long(197)}`, kind: 'given' as const },
    })),
    editions: Array.from({ length: 500 }, (_, at) => ({
      ...{ id: '', key: `${at}${long(97)}`, year: 1900 + (at % 300), link: '', place: long(300) },
      ...{ dateText: '', startsOn: null, endsOn: null, zone: '', rounds: [] },
    })),
  })
  expect(text.length).toBeLessThan(100_000)
})
