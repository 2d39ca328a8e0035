import { DatabaseSync } from 'node:sqlite'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { messages } from '../../db/schema/index.ts'
import { addChannel } from '../../test/fixtures/channels.ts'
import { type Found, idOf, searching } from '../../test/fixtures/searching.ts'

const textCount = 600
const topicCount = 12
const shown = 10
/** Share of a text's words that are of its topic, by how much the text is about it: the judgement is the index. */
const shares = [0, 0.03, 0.1, 0.25]

function numbersOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

type Judged = { text: string; topic: number; grade: number }

const topicWord = (topic: number, word: number) => `topic${'abcdefghijkl'[topic]}${'xyz'[word]}`

/** Texts of 10 to 300 words, each more or less about one topic, which mention others by the way. */
function judgedTexts(): Judged[] {
  const random = numbersOf(7)
  const upTo = (max: number) => Math.floor(random() * max)
  return Array.from({ length: textCount }, () => {
    const [topic, grade, length] = [upTo(topicCount), upTo(shares.length), 10 + upTo(290)]
    const words = Array.from({ length }, () => {
      if (random() < (shares[grade] ?? 0)) return topicWord(topic, upTo(3))
      if (random() < 0.01) return topicWord(upTo(topicCount), upTo(3))
      return `w${Math.floor(2_000 ** random())}`
    })
    return { text: words.join(' '), topic, grade }
  })
}

type Query = { topic: number; web: string; match: string }

const queries: Query[] = Array.from({ length: topicCount }, (_, topic) => topic).flatMap(
  (topic) => {
    const [x = '', y = ''] = [0, 1].map((word) => topicWord(topic, word))
    return [
      { topic, web: x, match: x },
      { topic, web: `${x} ${y}`, match: `${x} ${y}` },
      { topic, web: `${x} OR ${y}`, match: `${x} OR ${y}` },
    ]
  },
)

/** Discounted gain of the first hits, as a share of the best order of all judged texts. */
function ndcg(grades: readonly number[], all: readonly number[]): number {
  const gain = (of: readonly number[]) =>
    of
      .slice(0, shown)
      .reduce((sum, grade, place) => sum + (2 ** grade - 1) / Math.log2(place + 2), 0)
  return gain(grades) / gain(all.toSorted((a, b) => b - a))
}

const gradeOf = ({ topic, grade }: Judged, query: Query) => (topic === query.topic ? grade : 0)

function mean(texts: readonly Judged[], found: ReadonlyMap<Query, readonly Judged[]>): number {
  const each = queries.map((query) =>
    ndcg(
      (found.get(query) ?? []).map((text) => gradeOf(text, query)),
      texts.map((text) => gradeOf(text, query)),
    ),
  )
  return each.reduce((sum, one) => sum + one, 0) / each.length
}

async function foundHere(texts: readonly Judged[]) {
  const { db, tenant, find, addPages } = await searching()
  const channel = await addChannel(db, { tenantId: tenant.id })
  const byId = new Map<string, Judged>()
  const half = texts.slice(0, textCount / 2)
  const { id: documentId } = await addPages(...half.map(({ text }) => text))
  for (const [index, text] of half.entries()) byId.set(`${documentId} ${index + 1}`, text)
  const row = { tenantId: tenant.id, channelId: channel.id, authorUserId: tenant.admin.id }
  const rows = texts.slice(textCount / 2).map((judged, index) => {
    const id = uuidv7()
    byId.set(id, judged)
    return { ...row, id, seq: index + 1, authorName: 'A', text: judged.text, createdAt: new Date() }
  })
  await db.insert(messages).values(rows)
  const found = new Map<Query, Judged[]>()
  for (const query of queries) {
    const { items }: Found = await find(query.web, `&limit=${shown}`)
    found.set(
      query,
      items.flatMap((item) => byId.get(idOf(item)) ?? []),
    )
  }
  return found
}

function foundByPeer(texts: readonly Judged[]) {
  const database = new DatabaseSync(':memory:')
  database.exec(`create virtual table texts using fts5(text, tokenize = 'porter unicode61')`)
  const insert = database.prepare('insert into texts (rowid, text) values (?, ?)')
  for (const [index, { text }] of texts.entries()) insert.run(index, text)
  const select = database.prepare(
    'select rowid from texts where texts match ? order by rank limit ?',
  )
  const rowsOf = (query: Query) => select.all(query.match, shown)
  return new Map(
    queries.map((query) => [query, rowsOf(query).flatMap((row) => texts[Number(row.rowid)] ?? [])]),
  )
}

test('the first hits are at least as relevant as those of SQLite’s bm25', async () => {
  const texts = judgedTexts()
  const [ours, peers] = [mean(texts, await foundHere(texts)), mean(texts, foundByPeer(texts))]
  expect(ours).toBeGreaterThanOrEqual(peers)
}, 60_000)
