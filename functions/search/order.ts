import * as z from 'zod'
import {
  type After,
  type Block,
  type Bounds,
  blockRowsMax,
  type Key,
  type Ranked,
} from './blocks.ts'
import { type HitType, hitTypes } from './filters.ts'

/*
 * One order over all types: block after block, and in a block, which is one of each type, by rank, then newest first.
 * A cursor holds where the blocks begin and end, as they were when they were first read: what is added later comes
 * into no block from above and pushes nothing out below, so that nothing comes twice and nothing is lost.
 */

/** The part of a type's matches that is ranked now. */
type Place = { type: HitType; bounds: Bounds }
export type Position = { places: readonly Place[]; after: { type: HitType; ranked: Ranked } | null }

export type RankedHit = { type: HitType; ranked: Ranked }

const firstBounds: Bounds = { above: null, last: null }
// Nothing is older: the block of a type that has no more matches reaches down to here.
const end: Key = ['00000000-0000-0000-0000-000000000000', 0]

export const firstPosition = (types: readonly HitType[]): Position => ({
  places: types.map((type) => ({ type, bounds: firstBounds })),
  after: null,
})

const key = z.tuple([z.uuid(), z.int()]).nullable()
const place = z.tuple([z.enum(hitTypes), key, key])
const ranked = z.tuple([z.int(), z.uuid(), z.int()])
/** A {@link Position} as a cursor carries it. */
export const writtenPosition = z.tuple([
  z.array(place).min(1).max(hitTypes.length),
  z.tuple([z.enum(hitTypes), ranked]).nullable(),
])

export const readPosition = ([places, after]: z.output<typeof writtenPosition>): Position => ({
  places: places.map(([type, above, last]) => ({ type, bounds: { above, last } })),
  after: after && { type: after[0], ranked: after[1] },
})

export const writePosition = ({ places, after }: Position): readonly unknown[] => [
  places.map(({ type, bounds: { above, last } }) => [type, above, last]),
  after && [after.type, after.ranked],
]

/** Where a type's own order goes on behind the last hit of all types. */
export function afterFor(type: HitType, { after }: Position): After | null {
  if (!after) return null
  const distance = hitTypes.indexOf(after.type) - hitTypes.indexOf(type)
  return {
    ranked: after.ranked,
    type: distance === 0 ? 'same' : distance < 0 ? 'before' : 'behind',
  }
}

type FoundBlock = { place: Place; block: Block }

/**
 * The next hits of all types, and where those after them begin.
 * @param found of each place of the position, with one hit more than `limit` where there are so many
 */
export function mergeBlocks(
  found: readonly FoundBlock[],
  limit: number,
): { hits: RankedHit[]; next: Position | null } {
  const all = found
    .flatMap(({ place: { type }, block }) => block.shown.map((one) => ({ type, ranked: one })))
    .sort(compareHits)
  const hits = all.slice(0, limit)
  if (all.length > limit)
    return { hits, next: { places: found.flatMap(pinned), after: hits.at(-1) ?? null } }
  const places = found.flatMap(following)
  return { hits, next: places.length > 0 ? { places, after: null } : null }
}

function compareHits(a: RankedHit, b: RankedHit): number {
  const [bucketA, idA, numberA] = a.ranked
  const [bucketB, idB, numberB] = b.ranked
  if (bucketA !== bucketB) return bucketB - bucketA
  if (idA !== idB) return idA < idB ? 1 : -1
  return hitTypes.indexOf(a.type) - hitTypes.indexOf(b.type) || numberA - numberB
}

const isFull = ({ place: { bounds }, block }: FoundBlock): boolean =>
  bounds.last ? bounds.last[0] !== end[0] : block.size === blockRowsMax

/** The same block, with its bounds as they were when it was first read. A type without a match is out. */
function pinned(found: FoundBlock): Place[] {
  const { place, block } = found
  if (place.bounds.last) return [place]
  if (!block.first || !block.last) return []
  const [id, number] = block.first
  const above = place.bounds.above ?? [id, number - 1]
  return [{ type: place.type, bounds: { above, last: isFull(found) ? block.last : end } }]
}

function following(found: FoundBlock): Place[] {
  const { place, block } = found
  const above = place.bounds.last ?? block.last
  return isFull(found) && above ? [{ type: place.type, bounds: { above, last: null } }] : []
}
