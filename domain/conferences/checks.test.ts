import { expect, test } from 'vitest'
import { conferenceYaml } from '../../test/fixtures/conferences.ts'
import { type Earlier, judgeSource, worstOf } from './checks.ts'
import { factsOf, type SourceFacts } from './checks-facts.ts'
import { type Losses, noLosses } from './checks-losses.ts'
import { readFiles } from './importing.ts'
import { RefreshOrder } from './refresh-order.ts'

const now = new Date('2026-11-20T08:00:00Z')
const nothing = { count: 0, names: [] }
const facts: SourceFacts = {
  ...{ files: 1, broken_files: 0, series: 20, editions: 100, deadlines: 300, refused: 0 },
  ...{ newest_deadline_at: '2027-01-01T12:00:00.000Z', newest_year: 2027, problems: [] },
  ...{ twice: nothing, same_name: nothing, same_year: nothing, same_key: nothing },
}

type Case = {
  losses?: Partial<Losses>
  facts?: Partial<SourceFacts>
  order?: object
  earlier?: Partial<Earlier>
}

function judged({ facts: found, losses, order, earlier }: Case) {
  const source = { url: 'https://example.com/a.yml' }
  return judgeSource({
    ...{ facts: { ...facts, ...found }, order: RefreshOrder.parse({ source, ...order }), now },
    losses: { ...noLosses, ...losses },
    earlier: { facts: null, importedAt: null, ...earlier },
  })
}

const before = { earlier: { facts } }
const day = (days: number) => new Date(now.getTime() - days * 86_400_000)
const gone = { count: 1, names: ['VLDB 2027'] }
const twice = { count: 2, names: ['CHI', 'PLDI'] }

test.each<[string, Case, string, string, string]>([
  [
    'nothing, at the first time',
    { facts: { series: 0, editions: 0, deadlines: 0 } },
    ...(['volume', 'failed', '0 series (at least 1)'] as const),
  ],
  [
    'fewer editions than four of five',
    { ...before, facts: { editions: 79 } },
    ...(['volume', 'failed', '79 editions (at least 80)'] as const),
  ],
  [
    'four of five',
    { ...before, facts: { series: 16, editions: 80, deadlines: 240 } },
    ...(['volume', 'passed', '240 deadlines (at least 240)'] as const),
  ],
  [
    'fewer than somebody asked for',
    { facts: { deadlines: 9 }, order: { floor: { deadlines: 10 } } },
    ...(['volume', 'failed', '9 deadlines (at least 10)'] as const),
  ],
  [
    'half, where half will do',
    {
      ...before,
      facts: { series: 10, editions: 50, deadlines: 150 },
      order: { floor: { share: 0.5 } },
    },
    ...(['volume', 'passed', '10 series (at least 10)'] as const),
  ],
  [
    'a last conference that lacks an edition',
    { losses: { cut: gone, emptied: gone } },
    ...(['losses', 'failed', 'cut off in its last conference: VLDB 2027.'] as const),
  ],
  [
    'more editions that lose all deadlines than may',
    { losses: { emptied: gone }, order: { emptied_max: 0 } },
    ...([
      'losses',
      'failed',
      '1 known editions would lose all deadlines, 0 may: VLDB 2027.',
    ] as const),
  ],
  [
    'as many as may',
    { losses: { emptied: gone } },
    ...(['losses', 'passed', '5 may: VLDB 2027.'] as const),
  ],
  [
    'mistakes in one of ten',
    { facts: { series: 18, refused: 2 } },
    ...(['readable', 'passed', '2 of 20 conferences'] as const),
  ],
  [
    'mistakes in more',
    { facts: { series: 17, refused: 3, problems: ['a.yml, line 3: no time'] } },
    ...(['readable', 'failed', 'The first one: a.yml, line 3: no time'] as const),
  ],
  [
    'a file that cannot be read',
    { facts: { files: 9, broken_files: 1 } },
    ...(['readable', 'failed', '1 of 9 files'] as const),
  ],
  [
    'a deadline to come',
    {},
    ...(['freshness', 'passed', 'to come, on 2027-01-01T12:00:00.000Z'] as const),
  ],
  [
    'only what is long past',
    { facts: { newest_deadline_at: day(181).toISOString() } },
    ...(['freshness', 'failed', '181 days old; no more than 180 days'] as const),
  ],
  [
    'what is past, where that is a warning',
    {
      facts: { newest_deadline_at: day(8).toISOString() },
      order: { freshness_days: 7, on_stale: 'warn' },
    },
    ...(['freshness', 'warned', '8 days old; no more than 7 days'] as const),
  ],
  [
    'no deadline that is known',
    { facts: { newest_deadline_at: null } },
    ...(['freshness', 'failed', 'nothing whose age'] as const),
  ],
  [
    'conferences that stand twice',
    { facts: { twice } },
    ...([
      'duplicates',
      'failed',
      '2 stand twice in the source, 0 are allowed: CHI, PLDI.',
    ] as const),
  ],
  [
    'as many as may stand twice',
    { facts: { twice }, order: { duplicates_max: 2 } },
    ...(['duplicates', 'passed', 'CHI, PLDI'] as const),
  ],
  [
    'two of one title',
    { facts: { same_name: { count: 1, names: ['ISC'] } } },
    ...(['lookalikes', 'warned', 'Different conferences have one title: ISC.'] as const),
  ],
  [
    'conferences that were imported long ago',
    { earlier: { importedAt: day(31) } },
    ...(['last_import', 'warned', 'more than 30 days ago'] as const),
  ],
  [
    'conferences that were imported lately',
    { earlier: { importedAt: day(29) } },
    ...(['last_import', 'passed', 'The last good import was at 2026-10-22'] as const),
  ],
])('with %s', (_, found, name, verdict, message) => {
  const finding = judged(found).find((one) => one.name === name)
  expect(finding?.verdict).toBe(verdict)
  expect(finding?.message).toContain(message)
})

test('the worst verdict counts, and every check is made', () => {
  expect(worstOf(judged({}))).toBe('passed')
  const warned = { same_year: { count: 1, names: ['CHI 2026'] } }
  expect(worstOf(judged({ facts: warned }))).toBe('warned')
  const failed = judged({ facts: { ...warned, series: 0, newest_deadline_at: null, twice } })
  expect(worstOf(failed)).toBe('failed')
  expect(failed.map(({ verdict }) => verdict)).toEqual([
    ...['failed', 'passed', 'passed', 'failed', 'failed', 'warned', 'passed'],
  ])
})

const due = { paper: '2026-06-11 23:59:59' }
const one = conferenceYaml([{ year: 2027, rounds: [due] }], { title: 'S&P', dblp: 'sp' })
const of = (title: string, dblp: string, ids: [number, string][]) =>
  conferenceYaml(
    ids.map(([year, id]) => ({ year, id, rounds: [due] })),
    { title, dblp },
  )

const found = async (...texts: string[]) =>
  factsOf(await readFiles(texts.map((text, index) => ({ path: `${index}.yml`, text }))))

test('facts name what stands twice and what looks like it', async () => {
  expect(await found(one, of('S & P', 'sp', [[2026, 'sp26']]))).toMatchObject({
    ...{ series: 2, editions: 2, twice: { count: 1, names: ['S&P'] }, same_name: nothing },
  })
  expect(await found(one, of('S&P', '', [[2026, 'sp26']]))).toMatchObject({
    ...{ twice: { count: 1, names: ['S&P'] }, same_name: nothing },
  })
  expect(await found(one, of('S&P', 'other', [[2026, 'o26']]))).toMatchObject({
    ...{ twice: nothing, same_name: { count: 1, names: ['S&P'] } },
  })
  const years = of('ISC', 'isc', [
    [2026, 'isc26a'],
    [2026, 'isc26b'],
  ])
  expect(await found(years, of('CHI', 'chi', [[2026, 'ISC26a']]))).toMatchObject({
    ...{ same_year: { count: 1, names: ['ISC 2026'] }, same_key: { count: 1, names: ['isc26a'] } },
  })
})

test('facts count what can be imported, and tell the first mistakes with their places', async () => {
  const mistaken = one.replace('2026-06-11 23:59:59', 'soon')
  expect(await found(one, mistaken, '{')).toMatchObject({
    ...{ files: 3, broken_files: 1, series: 1, refused: 1, editions: 1, deadlines: 1 },
    ...{ newest_deadline_at: '2026-06-12T11:59:59.000Z', newest_year: 2027 },
    problems: [expect.stringMatching(/^2\.yml, line 1: /), expect.stringContaining('1.yml, line ')],
  })
})

test('facts are told of as many editions as an archive may hold', () => {
  const edition = {
    key: 'a27',
    year: 2027,
    link: '',
    place: '',
    dateText: '',
    days: null,
    zone: '',
  }
  const editions = Array.from({ length: 250_000 }, () => ({ ...edition, rounds: [] }))
  const series = { title: 'A', description: '', sub: '', rankCcf: null, rankCore: null, dblp: '' }
  const entry = {
    title: 'A',
    line: 1,
    problems: [],
    series: { ...series, rankThcpl: null, editions },
  }
  const found = factsOf([{ path: null, fault: null, entries: [entry] }])
  expect(found).toMatchObject({ editions: 250_000, newest_year: 2027 })
})
