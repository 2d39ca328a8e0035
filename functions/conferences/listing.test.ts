import { expect, test } from 'vitest'
import { conferences, conferenceYaml } from '../../test/fixtures/conferences.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Item = {
  id: string
  title: string
  kind: string
  at: string
  seconds_left: number
  estimate: null | { years: number[]; sentence: string }
}
type Page = { items: Item[]; next_cursor: string | null }

/** The test's clock stands still; days count from it. */
async function listed() {
  const world = await conferences()
  const now = world.clock.now()
  const inDays = (days: number) =>
    new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
  const add = (
    title: string,
    rounds: { abstract?: string; paper?: string }[],
    more: [string, string][] = [],
  ) => {
    const file = conferenceYaml([{ year: 2027, rounds, zone: 'UTC' }], {
      title,
      dblp: title.toLowerCase(),
    })
    return world.bring(more.reduce((text, [from, to]) => text.replace(from, to), file))
  }
  const page = async (path: string) => {
    const reply = await world.get(path)
    expect(reply.status).toBe(200)
    return bodyOf<Page>(reply)
  }
  return { ...world, now, inDays, add, page }
}

test('what falls due comes in order, with the seconds that are left, and nothing of the past', async () => {
  const { add, inDays, page } = await listed()
  await add('B', [{ abstract: inDays(-1), paper: inDays(2) }])
  await add('A', [{ paper: inDays(1) }, { paper: 'TBD' }])
  const { items } = await page('/upcoming')
  expect(items.map(({ title, kind, seconds_left: left }) => [title, kind, left])).toEqual([
    ['A', 'paper', 86_400],
    ['B', 'paper', 2 * 86_400],
  ])
})

test('what the source has withdrawn falls due no more', async () => {
  const { add, inDays, page } = await listed()
  await add('A', [{ abstract: inDays(1), paper: inDays(2) }])
  await add('A', [{ paper: inDays(2) }])
  expect((await page('/upcoming')).items.map(({ kind }) => kind)).toEqual(['paper'])
  expect((await page('/?kind=abstract')).items).toEqual([])
})

test('a countdown runs with the clock, and what is over leaves the list', async () => {
  const { add, inDays, page, clock } = await listed()
  await add('A', [{ paper: inDays(1) }])
  clock.advance(86_399_000)
  expect((await page('/upcoming')).items).toMatchObject([{ seconds_left: 1 }])
  clock.advance(2_000)
  expect((await page('/upcoming')).items).toEqual([])
})

test('pages of what falls due hold each deadline once, those of one instant too', async () => {
  const { add, inDays, page } = await listed()
  for (const title of ['A', 'B', 'C', 'D', 'E'])
    await add(title, [{ abstract: inDays(3), paper: inDays(4) }])
  const found: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const next: Page = await page(`/upcoming?limit=3${cursor && `&cursor=${cursor}`}`)
    found.push(...next.items.map(({ id }) => id))
    cursor = next.next_cursor
  }
  expect(found).toHaveLength(10)
  expect(new Set(found).size).toBe(10)
})

test.each([
  ['sub=ai', ['OTHER']],
  ['sub=SE&sub=AI', ['CONF', 'OTHER']],
  ['ccf=A&core=A*', ['CONF', 'OTHER']],
  ['thcpl=A', []],
  ['kind=abstract', ['CONF']],
  ['kind=abstract&kind=paper', ['CONF', 'OTHER']],
  ['q=oTHE', ['OTHER']],
  ['q=o%20ther', ['OTHER']],
  ['q=conference', ['CONF', 'OTHER']],
  ['from={10}', ['OTHER']],
  ['to={10}', ['CONF']],
  ['kind=paper&from={0}&to={3}', []],
])('a list by %s has %j', async (query, titles) => {
  const { add, inDays, page, now } = await listed()
  await add('CONF', [{ abstract: inDays(2), paper: inDays(5) }])
  await add('OTHER', [{ paper: inDays(20) }], [['"SE"', '"Ai"']])
  const filled = query.replaceAll(/\{(\d+)\}/g, (_, days: string) =>
    new Date(now.getTime() + Number(days) * 86_400_000).toISOString(),
  )
  expect((await page(`/?${filled}`)).items.map(({ title }) => title)).toEqual(titles)
})

test.each(['2026-01-01T00:00:00%2B23:00', '0000-01-01T00:00:00Z', 'tomorrow'])(
  'the time %s in a filter is a 422',
  async (time) => {
    const { get } = await listed()
    for (const path of [`/?from=${time}`, `/?to=${time}`, `/upcoming?to=${time}`])
      expect((await get(path)).status).toBe(422)
  },
)

test('what falls due this very second is still shown, and a second later no more', async () => {
  const { add, inDays, page, clock } = await listed()
  await add('A', [{ paper: inDays(1) }])
  clock.advance(86_400_000)
  expect((await page('/upcoming')).items).toMatchObject([{ title: 'A', seconds_left: 0 }])
  clock.advance(1_000)
  expect((await page('/upcoming')).items).toEqual([])
})

test('a list that has not changed is a 304, and any change of a conference makes it another', async () => {
  const { add, inDays, get } = await listed()
  await add('A', [{ paper: inDays(1) }])
  const etag = (await get('/?limit=1')).headers.get('etag') ?? ''
  const options = { headers: { 'if-none-match': etag } }
  expect((await get('/?limit=1', options)).status).toBe(304)
  await add('A', [{ paper: inDays(2) }])
  expect((await get('/?limit=1', options)).status).toBe(200)
})

test('an estimate falls due like a deadline, says what it is made of, and can be left out', async () => {
  const { bring, page, now } = await listed()
  const years = [-3, -2, -1].map((ago) => {
    const due = new Date(now.getTime() + (ago + 1) * 364 * 86_400_000 - 86_400_000)
    return { year: 2030 + ago, rounds: [{ paper: due.toISOString().slice(0, 10) }], zone: 'UTC' }
  })
  await bring(conferenceYaml(years))
  const { items } = await page('/upcoming')
  expect(items).toMatchObject([{ kind: 'paper', estimate: { years: [2027, 2028, 2029] } }])
  expect(items[0]?.estimate?.sentence).toContain('364, 364 days')
  expect((await page('/upcoming?estimates=false')).items).toEqual([])
})

test('an estimate whose time has come is not made, nor is one of the year after', async () => {
  const { bring, read } = await listed()
  const years = [2021, 2022, 2023].map((year) => ({
    year,
    rounds: [{ paper: `${year - 1}-06-11` }],
  }))
  const { conferences: made } = await bring(conferenceYaml(years))
  expect((await read(made[0]?.id)).estimates).toEqual([])
})

test('an estimate stands until its time has come, and goes with the next import', async () => {
  const { bring, read, now, clock } = await listed()
  const years = [3, 2, 1].map((ago) => {
    const due = new Date(now.getTime() - (ago * 364 - 1) * 86_400_000)
    return { year: 2030 - ago, rounds: [{ paper: due.toISOString().slice(0, 10) }], zone: 'UTC' }
  })
  const { conferences: made } = await bring(conferenceYaml(years))
  expect((await read(made[0]?.id)).estimates).toHaveLength(1)
  clock.advance(2 * 86_400_000)
  await bring(conferenceYaml(years))
  expect((await read(made[0]?.id)).estimates).toEqual([])
})

test('too few years, years that differ much, and two editions in a year give no estimate', async () => {
  const { bring, read } = await listed()
  const due = (year: number, day: string, id?: string) => ({
    ...{ year, rounds: [{ paper: day }], zone: 'UTC' },
    ...(id && { id }),
  })
  const few = [due(2025, '2024-06-01'), due(2026, '2025-06-01')]
  for (const years of [
    few,
    [...few, due(2027, '2026-12-01')],
    [...few, due(2028, '2027-06-01')],
    [...few, due(2027, '2026-06-01'), due(2027, '2026-06-02', 'again27')],
  ]) {
    const title = crypto.randomUUID()
    const { conferences: made } = await bring(conferenceYaml(years, { title, dblp: title }))
    expect((await read(made[0]?.id)).estimates).toEqual([])
  }
  const title = 'ENOUGH'
  const enough = [...few, due(2027, '2026-06-01')]
  const { conferences: made } = await bring(conferenceYaml(enough, { title, dblp: title }))
  expect((await read(made[0]?.id)).estimates).toHaveLength(1)
})

test('names that people give are found, kept by imports, and saved only on the version that was read', async () => {
  const { add, inDays, get, patch, read, page } = await listed()
  const { conferences: made } = await add('A', [{ paper: inDays(1) }])
  const id = made[0]?.id
  const etag = (await get(`/${id}`)).headers.get('etag') ?? ''
  const options = { headers: { 'if-match': etag } }
  expect((await patch(`/${id}`, { aliases: ['Oakland', 'oak land', 'a'] }, options)).status).toBe(
    200,
  )
  expect((await patch(`/${id}`, { aliases: [] }, options)).status).toBe(412)
  expect((await page('/?q=oakl')).items).toMatchObject([{ id }])
  await add('A', [{ paper: inDays(2) }])
  expect((await read(id)).aliases).toEqual([{ name: 'Oakland', kind: 'given' }])
})

test.each(['a\nb', '\u200b', '\ufdfa'.repeat(100)])(
  'the name %j cannot be given to a conference',
  async (name) => {
    const { add, inDays, patch } = await listed()
    const { conferences: made } = await add('A', [{ paper: inDays(1) }])
    expect((await patch(`/${made[0]?.id}`, { aliases: [name] })).status).toBe(422)
  },
)

test('a conference that was deleted is gone with its history and from calendars', async () => {
  const { add, inDays, get, del, page } = await listed()
  const { conferences: made } = await add('A', [{ paper: inDays(1) }])
  const id = made[0]?.id
  expect((await del(`/${id}`, { headers: { 'if-match': '"v9"' } })).status).toBe(412)
  expect((await del(`/${id}`, { as: 'viewer' })).status).toBe(403)
  expect((await del(`/${id}`)).status).toBe(204)
  expect((await del(`/${id}`)).status).toBe(404)
  for (const path of [`/${id}`, `/${id}/calendar.ics`]) expect((await get(path)).status).toBe(404)
  for (const path of ['/', '/upcoming', '/changes']) expect((await page(path)).items).toEqual([])
})
