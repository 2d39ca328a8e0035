import fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { messages } from '../../db/schema/index.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { type Found, idOf, searching } from '../../test/fixtures/searching.ts'
import { blockRowsMax } from './blocks.ts'
import { type HitType, hitTypes } from './filters.ts'

type Between = () => Promise<unknown>

async function filled() {
  const bundle = await searching()
  const { db, tenant, find, addPages, addArtifact, addPlace, importText } = bundle
  const channel = await addChannel(db, { tenantId: tenant.id })
  const say = (text: string) => addMessage(db, channel, { userId: tenant.admin.id, text })
  const adders: Record<HitType, (text: string) => Promise<unknown>> = {
    page: (text) => addPages(text, text),
    message: say,
    artifact: (text) => addArtifact({ text }),
    place: (text) => addPlace({ name: text }),
    conference: (description) =>
      importText(JSON.stringify([{ title: crypto.randomUUID(), description, confs: [] }])),
  }
  const add = (type: HitType, text: string) => adders[type](text)
  /** All hits of a query, page by page, with something done after each page. */
  const readAll = async (q: string, limit: number, between?: Between) => {
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Found = await find(q, `&limit=${limit}${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.items.map(idOf))
      cursor = page.next_cursor
      if (cursor !== null) await between?.()
    }
    return seen
  }
  return { ...bundle, channel, say, add, readAll }
}

const texts = fc.array(
  fc.record({
    type: fc.constantFrom(...hitTypes),
    text: fc
      .array(fc.constantFrom('kite', 'wind', 'string', 'sky'), { minLength: 1, maxLength: 12 })
      .map((words) => words.join(' ')),
  }),
  { minLength: 8, maxLength: 24 },
)

test('pages of any size are the same list, also while matches of all types are added', async () => {
  const { add, readAll } = await filled()
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (rows, limit) => {
      for (const { type, text } of rows) await add(type, text)
      const whole = await readAll('kite or wind', 100)
      expect(new Set(whole).size).toBe(whole.length)
      expect(await readAll('kite or wind', limit)).toEqual(whole)
      const more = rows[0]?.type ?? 'page'
      const meanwhile = await readAll('kite or wind', limit + 10, () => add(more, 'kite kite wind'))
      expect(meanwhile).toEqual(whole)
    }),
    { numRuns: 6 },
  )
}, 60_000)

test('matches that come while blocks are read push none into the next block, and none is lost', async () => {
  const { db, tenant, channel, say, readAll } = await filled()
  const count = 2 * blockRowsMax + 3
  const row = { tenantId: tenant.id, channelId: channel.id, authorUserId: tenant.admin.id }
  const rows = Array.from({ length: count }, (_, at) => ({
    ...{ ...row, id: uuidv7(), seq: at + 100_000, authorName: 'A', createdAt: new Date() },
    text: at % 7 === 0 ? 'storm storm storm storm' : 'storm',
  }))
  await db.insert(messages).values(rows)
  const seen = await readAll('storm', 100, () => say('storm storm storm'))
  expect(seen).toHaveLength(count)
  expect(seen.toSorted()).toEqual(rows.map(({ id }) => id).sort())
}, 60_000)

test('a better match comes before a newer one, whatever its type', async () => {
  const { add, find } = await filled()
  const best = 'anchor anchor anchor anchor anchor anchor'
  for (const type of hitTypes) await add(type, best)
  for (const type of hitTypes) await add(type, 'one anchor')
  const types = (await find('anchor')).items.map(({ type, snippet }) =>
    snippet.includes(best) ? type : '-',
  )
  expect(types.slice(0, 6).sort()).toEqual(['page', ...hitTypes].sort())
  expect(types.slice(6)).toEqual(['-', '-', '-', '-', '-', '-'])
})

test('the next page is told of by a link that can be followed', async () => {
  const { add, ask, get, readAll } = await filled()
  for (const type of hitTypes) await add(type, 'beacon')
  const link = (await ask('beacon', '&limit=3')).headers.get('link') ?? ''
  const next = /^<(.*)>; rel="next"$/.exec(link)?.[1] ?? ''
  const rest = (await (await get(next)).json()) as Found
  expect(rest.items.map(idOf)).toEqual((await readAll('beacon', 100)).slice(3))
})
