import { sql } from 'drizzle-orm'
import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import {
  type Conference,
  conferenceFiles,
  conferences,
  conferencesFolder,
} from '../../test/fixtures/conferences.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const missing = 'no sample files: set CORPUS_DIR to their folder'

/** Counts lines instead of reading YAML, so that it shares no mistake with what it checks. */
function counted(texts: readonly string[]) {
  const all = texts.join('\n')
  const count = (pattern: RegExp) => [...all.matchAll(pattern)].length
  return {
    conferences: count(/^- title:/gm),
    editions: count(/^ {4}- year:/gm),
    deadlines: count(/^ +(?:- )?(?:abstract_)?deadline:/gm),
    unknown: count(/^ +(?:- )?(?:abstract_)?deadline: '?TBD'?/gm),
  }
}

async function imported() {
  const world = await conferences()
  const files = conferenceFiles()
  const encoder = new TextEncoder()
  const archive = zipSync(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, encoder.encode(text)])),
  )
  const result = await world.bring(archive)
  return { ...world, files: Object.values(files), archive, result }
}

test('the real files come in with exactly the series, editions and deadlines that they have', async ({
  skip,
}) => {
  if (!conferencesFolder) return skip(missing)
  const { files, result, read, db, tenant } = await imported()
  const expected = counted(files)
  expect(expected).toMatchObject({ conferences: 20, editions: 114, unknown: 1 })
  expect(result.broken_files).toEqual([])
  expect(result.totals).toMatchObject({
    ...{ files: files.length, created: expected.conferences, refused: 0 },
    ...{ editions: expected.editions, deadlines: expected.deadlines },
  })
  const all = await Promise.all(result.conferences.map(({ id }) => read(id)))
  const editions = all.flatMap((one) => one.editions)
  const deadlines = editions.flatMap(({ rounds }) => rounds.flatMap((round) => round.deadlines))
  expect([all.length, editions.length, deadlines.length]).toEqual([
    ...[expected.conferences, expected.editions, expected.deadlines],
  ])
  expect(deadlines.filter(({ at }) => at === null).map(({ local_text }) => local_text)).toEqual([
    'TBD',
  ])
  expect(editions.filter(({ starts_on }) => starts_on === null).map(({ key }) => key)).toEqual([
    'sp27',
  ])
  const [rows] = await db.execute<{ count: number }>(sql`select count(*)::int as count
    from conference_deadlines where tenant_id = ${tenant.id} and basis is null`)
  expect(rows?.count).toBe(expected.deadlines)
})

// Postgres reckons from the names that its own time zone data has; signs of UTC are turned as POSIX has them.
const postgresZones: Record<string, string> = { AoE: 'Etc/GMT+12', PT: 'America/Los_Angeles' }
const postgresZone = (name: string): string => {
  const [, sign, hours] = /^UTC([+-])(\d+)$/.exec(name) ?? []
  if (hours === '0' || name === 'UTC') return 'UTC'
  return hours ? `Etc/GMT${sign === '-' ? '+' : '-'}${hours}` : (postgresZones[name] ?? name)
}

test('every instant of the real files is the one that Postgres reckons', async ({ skip }) => {
  if (!conferencesFolder) return skip(missing)
  const { db, tenant } = await imported()
  const rows = await db.execute<{ at: string; local_text: string; zone: string }>(sql`
    select at, local_text, zone from conference_deadlines
    where tenant_id = ${tenant.id} and basis is null and at is not null`)
  expect(rows.length).toBe(324)
  const given = rows.map(({ local_text: text, zone }) => ({ text, zone: postgresZone(zone) }))
  const reckoned = await db.execute<{ at: string }>(sql`
    select text::timestamp at time zone zone as at
    from jsonb_to_recordset(${JSON.stringify(given)}::text::jsonb) as r(text text, zone text)`)
  expect(rows.map(({ at }) => new Date(at).getTime())).toEqual(
    reckoned.map(({ at }) => new Date(at).getTime()),
  )
})

test('a second import of the real files changes nothing, ETags and versions too', async ({
  skip,
}) => {
  if (!conferencesFolder) return skip(missing)
  const { archive, bring, get, db, tenant } = await imported()
  const seen = async () => {
    const list = await get('/?limit=100')
    const { items } = await bodyOf<{ items: Conference[] }>(list)
    const ones = await Promise.all(items.map(({ id }) => get(`/${id}`)))
    const calendar = await get('/calendar.ics')
    return {
      etags: [list, ...ones, calendar].map(({ headers }) => headers.get('etag')),
      bodies: [items, ...(await Promise.all(ones.map((one) => one.json()))), await calendar.text()],
      changes: await (await get('/changes?limit=100')).json(),
      rows: await db.execute(sql`select id, xmin::text from conference_deadlines
        where tenant_id = ${tenant.id} order by id`),
    }
  }
  const before = await seen()
  const again = await bring(archive)
  expect(again.totals).toMatchObject({ created: 0, changed: 0, unchanged: 20, refused: 0 })
  expect(await seen()).toEqual(before)
})

test('estimates of the real files are of years that have nothing announced, and tell their basis', async ({
  skip,
}) => {
  if (!conferencesFolder) return skip(missing)
  const { result, read } = await imported()
  const all = await Promise.all(result.conferences.map(({ id }) => read(id)))
  const estimated = all.filter(({ estimates }) => estimates.length > 0)
  expect(estimated.length).toBeGreaterThan(5)
  for (const { editions, estimates } of estimated) {
    const known = editions.filter(({ rounds }) =>
      rounds.some(({ deadlines }) => deadlines.some(({ at }) => at !== null)),
    )
    const lastYear = Math.max(...known.map(({ year }) => year))
    for (const { year, basis } of estimates) {
      expect(year).toBe(lastYear + 1)
      expect(basis.years.length).toBeGreaterThanOrEqual(3)
    }
  }
})
