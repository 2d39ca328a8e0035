import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { conferences, conferenceYaml, type Imported } from '../../test/fixtures/conferences.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Problem = { detail: string; errors: { code: string; detail: string }[] }

const first = conferenceYaml([{ year: 2027, rounds: [{ paper: '2026-06-11 23:59:59' }] }])

const entry = (title: string, edition: string) =>
  `- title: ${title}\n  sub: AI\n  confs:\n    - ${edition.replaceAll('\n', '\n      ')}\n`
const good = 'year: 2027\nid: x27\ntimezone: AoE\ntimeline:\n  - deadline: 2026-06-11 23:59:59'

test.each([
  [
    'a day that does not exist',
    good.replace('06-11', '06-31'),
    8,
    '"2026-06-31 23:59:59" is no time',
  ],
  ['an unknown zone', good.replace('AoE', 'CST'), 6, '"CST" is no known time zone'],
  ['no zone', good.replace('timezone: AoE\n', ''), 4, '"timezone" is missing'],
  ['no id', good.replace('id: x27\n', ''), 4, '"id" is missing'],
  ['a year of words', good.replace('2027', 'next'), 4, '"year" must be a year'],
  ['an alias', good.replace('id: x27', 'id: *a'), 5, 'Aliases are not taken'],
  ['a key that is too long spelled out', good.replace('x27', '\ufdfa'.repeat(100)), 5, 'too long'],
  ['a key twice', `${good}\nid: x28`, 9, '"id" stands here twice'],
  ['a character that cannot be stored', good.replace('x27', '"x\\0"'), 5, 'cannot be stored'],
])(
  'a conference with %s is refused with its line, and the others come in',
  async (_, bad, line, detail) => {
    const { bring, get } = await conferences()
    const { totals, conferences: verdicts } = await bring(entry('Bad', bad) + entry('Good', good))
    expect(totals).toMatchObject({ created: 1, refused: 1, editions: 1, deadlines: 1 })
    expect(verdicts).toMatchObject([
      { title: 'Bad', verdict: 'refused', id: null, line: 1 },
      { verdict: 'created' },
    ])
    const error = verdicts[0]?.problems.find(({ severity }) => severity === 'error')
    expect(error).toMatchObject({ line, detail: expect.stringContaining(detail) })
    expect(await bodyOf(await get('/'))).toMatchObject({ items: [{ title: 'Good' }] })
  },
)

test.each([
  ['a bracket without its end', '- title: [x', /^line 1, column \d+: /],
  ['brackets in brackets in brackets', '['.repeat(100_000), /nested too deeply/],
  ['a text', 'hello', /no list of conferences/],
  ['a second document', `${first}\n---\n${first}`, /^line \d+, column \d+: A second document/],
])('%s is a 422 that tells where', async (_, text, detail) => {
  const { send } = await conferences()
  const reply = await send(text)
  expect(reply.status).toBe(422)
  const problem = await bodyOf<Problem>(reply)
  expect(problem.errors).toMatchObject([
    { code: 'unreadable', detail: expect.stringMatching(detail) },
  ])
})

test('aliases that would unfold to billions take no time and make nothing', async () => {
  const { send, get } = await conferences()
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `- &a${level} [${Array(12)
        .fill(level === 0 ? 'x' : `*a${level - 1}`)
        .join(', ')}]`,
  )
  const reply = await send(levels.join('\n'))
  expect(await bodyOf<Imported>(reply)).toMatchObject({ totals: { refused: 12, created: 0 } })
  expect(await bodyOf(await get('/'))).toMatchObject({ items: [] })
})

test('after a file with mistakes without number other errors tell again where they come from', async () => {
  const { send } = await conferences()
  expect((await send(`- [${','.repeat(10_000)}`)).status).toBe(422)
  expect(new Error('x').stack).toContain('import-mistakes')
})

const encoder = new TextEncoder()
const archived = (files: Record<string, string>) =>
  zipSync(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, encoder.encode(text)])),
  )

test('a file above the limit is a 413, and an archive names the files that are broken', async () => {
  const { send, bring } = await conferences()
  expect((await send(`# ${'x'.repeat(300_000)}`)).status).toBe(413)
  const files = {
    'AI/good.yml': first,
    'AI/bad.yml': '- [',
    'AI/large.yml': `${first}\n# ${'x'.repeat(300_000)}`,
    'types.yml': '- name: AI',
    'readme.md': '# x',
  }
  const imported = await bring(archived(files))
  expect(imported.totals).toMatchObject({ files: 3, broken_files: 2, created: 1 })
  expect(imported.broken_files).toMatchObject([
    { path: 'AI/bad.yml', line: 1 },
    { path: 'AI/large.yml', detail: 'It has more than 262144 bytes.' },
  ])
  expect(imported.conferences).toMatchObject([{ path: 'AI/good.yml', verdict: 'created' }])
})

test('the rates that lie beside the conferences of ccfddl replace nothing', async () => {
  const { bring, get } = await conferences()
  const rates = '- title: CONF\n  accept_rates:\n    - year: 2027\n      rate: 0.2\n'
  const files = { 'ccf/accept_rates/SE/conf.yml': rates, 'ccf/conference/SE/conf.yml': first }
  const both = await bring(archived(files))
  expect(both.totals).toMatchObject({ files: 1, created: 1, refused: 0 })
  const { conferences: verdicts } = await bring(rates)
  expect(verdicts).toMatchObject([{ verdict: 'refused', title: 'CONF' }])
  expect(verdicts[0]?.problems).toMatchObject([{ detail: expect.any(String) }, { line: 1 }])
  expect(await bodyOf(await get('/'))).toMatchObject({ items: [{ description: 'A conference' }] })
})

test('a title of characters that are many when they are spelled out is refused, and the list stays whole', async () => {
  const { bring, get } = await conferences()
  await bring(entry('First', good))
  const long = await bring(entry('\ufdfa'.repeat(200), good))
  expect(long).toMatchObject({ totals: { refused: 1 } })
  await bring(entry('\u3300'.repeat(40), good.replace('x27', 'y27')))
  const page = await get('/?limit=1')
  const { next_cursor: cursor } = await bodyOf<{ next_cursor: string }>(page)
  expect((await get(`/?limit=1&cursor=${cursor}`)).status).toBe(200)
})

test('names from a file come back without what a terminal would obey', async () => {
  const { bring } = await conferences()
  const key = `"${'x'.repeat(58)}\\e\u{1f600}": 1`
  const text = `${entry('Good', good)}  ${key}\n`
  const imported = await bring(archived({ 'a\u001b[2J.yml': text }))
  expect(imported.conferences).toMatchObject([
    {
      path: 'a\ufffd[2J.yml',
      problems: [{ detail: `"${'x'.repeat(58)}\ufffd\ufffd" is not known here.` }],
    },
  ])
})

test('a conference that stands twice in one archive is refused the second time', async () => {
  const { bring } = await conferences()
  const { conferences: verdicts } = await bring(entry('Same', good) + entry('Same', good))
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['created', 'refused'])
  expect(verdicts[1]?.problems).toMatchObject([
    { line: 9, detail: expect.stringContaining('twice') },
  ])
})
