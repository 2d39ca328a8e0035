import { and, asc, desc, eq, type SQL, sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Db } from '../../db/client.ts'
import { places } from '../../db/schema/places.ts'
import type { NamedPlace } from './mentions.ts'

/** Which places count: all of a tenant, or those of one collection. */
export type GazetteerScope = { tenantId: string; collection: string | null }

/** What tells which of several places of one name is meant. */
export type GazetteerPlace = NamedPlace & { population: number }

const keysAtOnce = 500
const placesAtOnceMax = 2_000
/** Of one name; where more have it the most populous are looked at. */
const namesakesMax = 50
// Some megabytes. What is forgotten is asked for again.
const rememberedKeysMax = 100_000

/** The places that texts may mean, read as far as they are asked for: a gazetteer may be larger than memory. */
export class Gazetteer {
  readonly #db: Db
  readonly #scope: GazetteerScope
  readonly #asked = new Set<string>()
  readonly #found = new Map<string, readonly GazetteerPlace[]>()

  constructor(db: Db, scope: GazetteerScope) {
    this.#db = db
    this.#scope = scope
  }

  /**
   * Reads the places that have one of these keys.
   * @param pause called now and then; it throws what is to end the work
   * @returns the places by key, good until the next call
   */
  async placesOf(
    keys: Iterable<string>,
    pause: () => void,
  ): Promise<ReadonlyMap<string, readonly GazetteerPlace[]>> {
    if (this.#found.size > rememberedKeysMax) {
      this.#found.clear()
      this.#asked.clear()
    }
    let batch: string[] = []
    for (const key of keys) {
      if (this.#asked.has(key)) continue
      this.#asked.add(key)
      batch.push(key)
      if (batch.length < keysAtOnce) continue
      pause()
      await this.#ask(batch)
      batch = []
      if (this.#asked.size > rememberedKeysMax) this.#asked.clear()
    }
    await this.#ask(batch)
    return this.#found
  }

  async #ask(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return
    const rows = await findNamed(this.#db, this.#scope, keys)
    if (rows.length < placesAtOnceMax || keys.length === 1) return this.#keep(keys, rows)
    const middle = Math.ceil(keys.length / 2)
    await this.#ask(keys.slice(0, middle))
    await this.#ask(keys.slice(middle))
  }

  #keep(keys: readonly string[], rows: readonly Row[]): void {
    const asked = new Set(keys)
    const byKey = new Map<string, GazetteerPlace[]>()
    for (const { keys: placeKeys, ...place } of rows)
      for (const key of placeKeys.filter((placeKey) => asked.has(placeKey)))
        byKey.set(key, [...(byKey.get(key) ?? []), place])
    for (const [key, list] of byKey) this.#found.set(key, list)
  }
}

const numberOf = (name: string): SQL =>
  sql`case jsonb_typeof(${places.properties} -> ${name}::text) when 'number'
    then (${places.properties} ->> ${name}::text)::float8 end`
const population = sql<number>`coalesce(${numberOf('population')}, ${numberOf('pop_max')}, ${numberOf('pop')}, 0)`

const columns = {
  id: places.id,
  name: places.name,
  aliases: places.aliases,
  keys: places.nameKeys,
  population,
}
type Row = GazetteerPlace & { keys: string[] }

/** At most {@link placesAtOnceMax} places with one of these keys; of a single key the most populous. */
function findNamed(
  db: Db,
  { tenantId, collection }: GazetteerScope,
  keys: readonly string[],
): Promise<Row[]> {
  const named = db
    .select(columns)
    .from(places)
    .where(
      and(
        eq(places.tenantId, tenantId),
        sql`${places.nameKeys} && ${textArray(keys)}::text[]`,
        collection === null ? undefined : eq(places.collection, collection),
      ),
    )
  return keys.length === 1
    ? named.orderBy(desc(population), asc(places.id)).limit(namesakesMax)
    : named.limit(placesAtOnceMax)
}
