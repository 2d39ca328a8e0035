import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { Reader } from '../../domain/channels/access.ts'
import { type ArtifactHit, artifactsSource, loadArtifacts } from './artifacts.ts'
import { type Key, type Ranked, rankBlock, type Source } from './blocks.ts'
import { type ConferenceHit, conferencesSource, loadConferences } from './conferences.ts'
import { type Filter, type HitType, hitTypes } from './filters.ts'
import { loadMessages, type MessageHit, messagesSource } from './messages.ts'
import { afterFor, mergeBlocks, type Position, type RankedHit } from './order.ts'
import { loadPages, type PageHit, pagesSource } from './pages.ts'
import { loadPlaces, type PlaceHit, placesSource } from './places.ts'
import type { Load } from './texts.ts'
import { formatAny, formatTsquery, type QueryNode, wantedWords } from './tsquery.ts'

type FindHits = {
  reader: Reader
  query: QueryNode
  filter: Filter
  position: Position
  limit: number
}

export type FoundHits = { hits: RankedHit[]; next: Position | null }

/** The next hits that match, and where those after them begin. */
export const findHits = (db: Db, find: FindHits): Promise<FoundHits> =>
  plannedAnew(db, async (tx) => mergeBlocks(await findBlocks(tx, find), find.limit))

// For each query (0.2 ms): the plan that a prepared statement settles on knows nothing of the words, and took 110 ms
// instead of 17 for a word on each of 40,000 pages; settled on with an empty table, it reads all of what came since.
const plannedAnew = <T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> =>
  db.transaction(async (tx) => {
    await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
    return work(tx)
  })

async function findBlocks(tx: Tx, { reader, query, filter, position, limit }: FindHits) {
  const texts = { query: formatTsquery(query), words: formatAny(wantedWords(query)) }
  const found: Parameters<typeof mergeBlocks>[0][number][] = []
  for (const place of position.places) {
    const { type, bounds } = place
    const after = afterFor(type, position)
    const source = await sources[type](tx, reader, filter)
    const block = await rankBlock(tx, source, { ...texts, bounds, after, limit: limit + 1 })
    found.push({ place, block })
  }
  return found
}

/** Where each type of hit is looked for. */
type SourceOf = (tx: Tx, reader: Reader, filter: Filter) => Source | Promise<Source>
export const sources: Record<HitType, SourceOf> = {
  page: (_, reader, filter) => pagesSource(reader, filter),
  message: messagesSource,
  artifact: (_, reader, filter) => artifactsSource(reader, filter),
  place: placesSource,
  conference: (_, reader, filter) => conferencesSource(reader, filter),
}

type LoadHits = Omit<Load, 'keys'> & { hits: readonly RankedHit[] }

export type LoadedHit = PageHit | MessageHit | ArtifactHit | PlaceHit | ConferenceHit

/** What the hits of one reply need, in their order. A hit that has gone meanwhile is left out. */
export async function loadHits(db: Db, { hits, ...order }: LoadHits): Promise<LoadedHit[]> {
  if (hits.length === 0) return []
  const loaded = new Map<string, LoadedHit>()
  const load = async (tx: Tx, type: HitType) => {
    const keys = hits.filter((hit) => hit.type === type).map(({ ranked }) => keyOf(ranked))
    const found = keys.length > 0 ? await loaders[type](tx, { ...order, keys }) : []
    for (const hit of found) loaded.set(`${type} ${hit.id} ${hit.number}`, hit)
  }
  await plannedAnew(db, async (tx) => {
    for (const type of hitTypes) await load(tx, type)
  })
  return hits.flatMap(
    ({ type, ranked: [, id, number] }) => loaded.get(`${type} ${id} ${number}`) ?? [],
  )
}

const keyOf = ([, id, number]: Ranked): Key => [id, number]

type Loader = (tx: Tx, load: Load) => Promise<LoadedHit[]>
const loaders: Record<HitType, Loader> = {
  page: loadPages,
  message: loadMessages,
  artifact: loadArtifacts,
  place: loadPlaces,
  conference: loadConferences,
}
