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

test('a file above the limit is a 413, and an archive names the files that are broken', async () => {
  const { send, bring } = await conferences()
  expect((await send(`# ${'x'.repeat(300_000)}`)).status).toBe(413)
  const encoder = new TextEncoder()
  const files = {
    'AI/good.yml': first,
    'AI/bad.yml': '- [',
    'types.yml': '- name: AI',
    'readme.md': '# x',
  }
  const archive = zipSync(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [name, encoder.encode(text)])),
  )
  const imported = await bring(archive)
  expect(imported.totals).toMatchObject({ files: 2, broken_files: 1, created: 1 })
  expect(imported.broken_files).toMatchObject([{ path: 'AI/bad.yml', line: 1 }])
  expect(imported.conferences).toMatchObject([{ path: 'AI/good.yml', verdict: 'created' }])
})

test('a conference that stands twice in one archive is refused the second time', async () => {
  const { bring } = await conferences()
  const { conferences: verdicts } = await bring(entry('Same', good) + entry('Same', good))
  expect(verdicts.map(({ verdict }) => verdict)).toEqual(['created', 'refused'])
  expect(verdicts[1]?.problems).toMatchObject([
    { line: 9, detail: expect.stringContaining('twice') },
  ])
})
