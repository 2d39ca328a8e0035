import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { conferenceSeries } from '../../db/schema/conferences.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { conferenceFiles, conferencesFolder } from '../../test/fixtures/conferences.ts'
import { type Item, idOf, marked, searching } from '../../test/fixtures/searching.ts'
import { loadHits } from './queries.ts'

type Shown = Item & {
  title: string
  next_deadline: { kind: string; at: string; is_estimate: boolean } | null
}

async function convening() {
  const bundle = await searching()
  const { clock, find } = bundle
  const titles = async (q: string, more = '') =>
    (await find(q, `&type=conference&limit=100${more}`)).items.map((item) => (item as Shown).title)
  const deadlineOf = async (q: string) => ((await find(q)).items[0] as Shown).next_deadline
  /** Times from the test's clock on, as files have them. */
  const inDays = (days: number) =>
    new Date(clock.now().getTime() + days * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
  const year = clock.now().getUTCFullYear()
  return { ...bundle, titles, deadlineOf, inDays, year }
}

test('a conference is one hit, with what it is and what falls due next', async () => {
  const { addConference, find, inDays, year } = await convening()
  const next = inDays(20)
  const { id } = await addConference(
    'PLDI',
    { year, rounds: [{ paper: inDays(-9) }], place: 'Seattle, USA', zone: 'UTC+0' },
    { year: year + 1, rounds: [{ abstract: next, paper: inDays(30) }], zone: 'UTC+0' },
  )
  const { items } = await find('"A conference" seattle')
  expect(items).toEqual([
    {
      type: 'conference',
      conference_id: id,
      title: 'PLDI',
      description: 'A conference',
      sub: 'SE',
      rank: { ccf: 'A', core: 'A*', thcpl: 'B' },
      next_deadline: {
        kind: 'abstract',
        at: `${next.replace(' ', 'T')}.000Z`,
        is_estimate: false,
      },
      snippet: expect.stringMatching(
        /^PLDI · A conference · SE · CCF A, CORE A\*, TH-CPL B · PLDI \d{4} \(PLDI'\d\d, pldi\d\d\), Oslo · PLDI/,
      ),
      highlights: expect.any(Array),
    },
  ])
  expect(items.flatMap(marked)).toEqual(['A conference', 'Seattle'])
})

test.each([
  'POPL',
  'popl 2024',
  "POPL'24",
  'POPL-24',
  'popl-2024',
  'popl24',
  '"POPL 2024" lisbon',
  'lisbon',
  'Principles of Programming',
  'pl oslo',
  'Nordlicht',
  '"CORE A*"',
  'ACM SIGPLAN',
])('a conference is found by %j', async (q) => {
  const { importText, titles, db, tenant } = await convening()
  const confs = [
    { year: 2024, id: 'popl24', place: 'Lisbon/Online', date: 'May 1, 2024', timeline: [] },
    { year: 2025, id: 'popl25', place: 'Oslo', date: 'May 1, 2025', timeline: [] },
  ]
  const more = { sub: 'PL', rank: { core: 'A*' }, dblp: 'nordlicht', confs }
  const description = 'ACM/SIGPLAN Principles of Programming Languages'
  await importText(JSON.stringify([{ title: 'POPL', description, ...more }]))
  await importText(JSON.stringify([{ title: 'Other', description: '', confs: [] }]))
  expect(await titles(q)).toEqual(['POPL'])
  const channel = await addChannel(db, { tenantId: tenant.id })
  await addMessage(db, channel, { userId: tenant.admin.id, text: 'a word' })
  expect(await titles(`${q} -other`)).toEqual(['POPL'])
})

test('names with signs and digits find what is called so, and little else', async () => {
  const { importText, titles } = await convening()
  const series = (title: string, description: string, dblp: string) => {
    const conf = { year: 2027, id: `${dblp}27`, place: 'Rome', date: 'May 1, 2027', timeline: [] }
    return { title, description, dblp, confs: [conf] }
  }
  const all = [
    series('S&P', 'Symposium on Security and Privacy', 'sp'),
    series('USENIX Security', 'Security Symposium', 'uss'),
    series('P2P', 'Peer-to-Peer Computing', 'p2p'),
    series('ESEC/FSE', 'Foundations of Software Engineering', 'sigsoft'),
    series('3DV', 'International Conference on 3D Vision', '3dim'),
    series('S', 'The letters P and S', 's'),
  ]
  await importText(JSON.stringify(all))
  const found = { 'S&P': ['S&P'], "s&p'27": ['S&P'], '"S&P 2027"': ['S&P'], sp27: ['S&P'] }
  const others = {
    'USENIX Security': ['USENIX Security'],
    '"usenix security" 2027': ['USENIX Security'],
    P2P: ['P2P'],
    FSE: ['ESEC/FSE'],
    'ESEC/FSE': ['ESEC/FSE'],
    '3dv': ['3DV'],
    '3D vision': ['3DV'],
  }
  for (const [q, wanted] of Object.entries({ ...found, ...others }))
    expect([q, await titles(q)]).toEqual([q, wanted])
})

test('the next deadline is the earliest to come, an estimate says so, and none is none', async () => {
  const { addConference, deadlineOf, inDays, year } = await convening()
  await addConference('DONE', { year, rounds: [{ paper: inDays(-400) }] })
  expect(await deadlineOf('done')).toBeNull()
  const past = [3, 2, 1].map((ago) => ({
    ...{ year: year - ago + 1, zone: 'UTC+0' },
    rounds: [{ paper: inDays(10 - 364 * ago) }],
  }))
  await addConference('YEARLY', ...past)
  expect(await deadlineOf('yearly')).toEqual({
    ...{ kind: 'paper', is_estimate: true },
    at: `${inDays(10).replace(' ', 'T')}.000Z`,
  })
})

test('a conference is found by what it is called now, and by earlier names', async () => {
  const { addConference, importText, titles } = await convening()
  await addConference('NIPS', { year: 2024, rounds: [], id: 'nips24' })
  const conf = { year: 2024, id: 'nips24', place: 'Turin', date: 'May 1, 2024', timeline: [] }
  await importText(JSON.stringify([{ title: 'NeurIPS', dblp: 'nips', confs: [conf] }]))
  expect(await titles('neurips turin')).toEqual(['NeurIPS'])
  expect(await titles('nips')).toEqual(['NeurIPS'])
  expect(await titles('nips oslo')).toEqual([])
})

test("guests find no conferences, and nobody finds another tenant's", async () => {
  const { addConference, importText, otherTenant, ids, person } = await convening()
  const { id } = await addConference('CHI')
  const theirs = await importText('[{ title: CHI, confs: [] }]', otherTenant.id)
  expect(await ids('chi')).toEqual([id])
  expect(await ids('chi', '', await person('viewer'))).toEqual([id])
  expect(await ids('chi', '', await person('guest'))).toEqual([])
  expect(await ids('chi', '&type=conference', await person('guest'))).toEqual([])
  expect(await (await otherTenant.get('/v1/search?q=chi')).text()).toContain(theirs.id)
})

test('conferences are filtered by announced deadlines, and left out by what they have not', async () => {
  const { addConference, titles, addPages, ids, tenant } = await convening()
  const due = (paper: string) => ({ year: 2027, zone: 'UTC+0', rounds: [{ paper }] })
  await addConference('EARLY', due('2026-10-01 00:00:00'))
  await addConference('LATE', due('2027-02-01 00:00:00'))
  await addConference('OPEN', due('TBD'))
  const q = 'conference'
  expect((await titles(q)).sort()).toEqual(['EARLY', 'LATE', 'OPEN'])
  expect(await titles(q, '&from=2026-10-01T00:00:00Z&to=2027-02-01T00:00:00Z')).toEqual(['EARLY'])
  expect(await titles(q, '&from=2026-10-01T00:00:01Z')).toEqual(['LATE'])
  expect(await titles(q, '&to=2026-10-01T00:00:00Z')).toEqual([])
  const { id } = await addPages('a conference')
  for (const more of [`&document_id=${id}`, `&user_id=${tenant.admin.id}`, '&status=completed'])
    expect(await ids(q, more)).toEqual([`${id} 1`])
  for (const more of ['&language=xx', '&tag=a', `&channel_id=${crypto.randomUUID()}`])
    expect(await ids(q, more)).toEqual([])
})

test('what was withdrawn or is estimated is no announced deadline', async () => {
  const { addConference, titles, deadlineOf, inDays, year } = await convening()
  const [paper, abstract] = [inDays(40), inDays(30)]
  await addConference('MOVED', { year, zone: 'UTC+0', rounds: [{ paper, abstract }] })
  await addConference('MOVED', { year, zone: 'UTC+0', rounds: [{ paper }] })
  const past = [3, 2, 1].map((ago) => ({
    ...{ year: year - ago, zone: 'UTC+0' },
    rounds: [{ paper: inDays(30 - 364 * ago) }],
  }))
  await addConference('GUESSED', ...past)
  const window = (days: number) =>
    `&from=${inDays(days - 1).replace(' ', 'T')}Z&to=${inDays(days + 1).replace(' ', 'T')}Z`
  expect(await titles('conference', window(40))).toEqual(['MOVED'])
  expect(await titles('conference', window(30))).toEqual([])
  expect((await deadlineOf('moved'))?.kind).toBe('paper')
  expect((await deadlineOf('guessed'))?.is_estimate).toBe(true)
})

test("a conference that was deleted meanwhile is not shown, nor another tenant's", async () => {
  const { db, tenant, otherTenant, addConference, importText, find } = await convening()
  const [gone, kept] = [await addConference('GONE'), await addConference('KEPT')]
  const theirs = await importText('[{ title: A conference, confs: [] }]', otherTenant.id)
  const { tenantId, id } = conferenceSeries
  await db.delete(conferenceSeries).where(and(eq(tenantId, tenant.id), eq(id, gone.id)))
  const found = await loadHits(db, {
    reader: { tenantId: tenant.id, userId: tenant.admin.id, role: 'viewer' },
    hits: [gone, kept, theirs].map((one) => ({ type: 'conference', ranked: [1, one.id, 0] })),
    words: { lexemes: ['confer'], prefixes: [] },
    now: new Date(),
  })
  expect(found.map((hit) => hit.id)).toEqual([kept.id])
  expect((await find('conference')).items.map(idOf)).toEqual([kept.id])
})

test.skipIf(conferencesFolder === null)(
  'real conferences are found by what people type (needs ../shared/data/conferences)',
  async () => {
    const { importText, titles } = await convening()
    for (const text of Object.values(conferenceFiles())) await importText(text)
    const first = async (q: string) => (await titles(q))[0]
    expect(await titles('S&P')).toEqual(['S&P'])
    expect(await titles('CVPR Seattle')).toEqual(['CVPR'])
    expect(await first('USENIX Security')).toBe('USENIX Security')
    expect(await titles("PLDI'25")).toEqual(['PLDI'])
    expect((await titles('"software engineering" 2026')).sort()).toEqual(['FSE', 'ICSE'])
    expect(await titles('nips')).toEqual(['NeurIPS'])
    expect(await titles('"computer vision"')).toEqual(['CVPR'])
    expect((await titles('montreal')).length).toBeGreaterThan(0)
  },
)
