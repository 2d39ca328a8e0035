import type { Box } from '../documents/words.ts'

/** What an annotator marked. Boxes are taken as they lie, without rotation. */
export type Region = {
  documentId?: string // regions of several documents together: those of one never match those of another
  page: number
  box: Box
  labelName: string
}

/** Places of the two in the lists that were given. */
export type RegionPair = { first: number; second: number; iou: number }
type Candidate = RegionPair & { weight: number }
type Cluster = { rows: number[]; columns: number[]; candidates: Candidate[] }

/** From this overlap on two boxes are one region; as in PASCAL VOC, Everingham et al. 2010, section 4.2. */
export const sameRegionIouMin = 0.5

// The share of two doubles that should be a half may miss it by its last bit.
const rounding = 1e-9
// Decides only between boxes that overlap alike, so that two labels on one box are not crossed by their order.
const sameLabelBonus = 1e-9
// The exact search is cubic: some 0.1 s for 400 boxes that all cover one another, which nobody draws by hand.
const clusterBoxesMax = 400

/** Intersection over union, 0 to 1; 0 when neither box has an area. */
export function iouOf(first: Box, second: Box): number {
  const width = overlap(first[0], first[2], second[0], second[2])
  const height = overlap(first[1], first[3], second[1], second[3])
  const shared = width * height
  const covered = first[2] * first[3] + second[2] * second[3] - shared
  return covered > 0 ? Math.min(shared / covered, 1) : 0
}

function overlap(start: number, extent: number, otherStart: number, otherExtent: number): number {
  const end = Math.min(start + extent, otherStart + otherExtent)
  return Math.max(end - Math.max(start, otherStart), 0)
}

/**
 * Pairs regions of one page one to one, so that the sum of their IoU is the largest possible; pairs below
 * {@link sameRegionIouMin} never count. Of equal sums the one with more equal labels wins. Labels decide nothing else.
 * Exact (Kuhn 1955, Munkres 1957) for each cluster of boxes that reach one another. A cluster of more than 400 boxes a
 * side takes its largest IoU first, which reaches half of the largest sum at least. n and m boxes cost n * m comparisons.
 */
export function matchRegions(first: readonly Region[], second: readonly Region[]): RegionPair[] {
  return clustersOf(candidatesOf(first, second), first.length).flatMap((cluster) => {
    const size = Math.max(cluster.rows.length, cluster.columns.length)
    const taken = size > clusterBoxesMax ? largestFirst(cluster.candidates) : largestSum(cluster)
    return taken.map(({ first: one, second: other, iou }) => ({ first: one, second: other, iou }))
  })
}

function candidatesOf(first: readonly Region[], second: readonly Region[]): Candidate[] {
  return first.flatMap((one, row) =>
    second.flatMap((other, column) => {
      const iou = iouOf(one.box, other.box)
      if (iou < sameRegionIouMin - rounding) return []
      const weight = iou + (one.labelName === other.labelName ? sameLabelBonus : 0)
      return [{ first: row, second: column, iou, weight }]
    }),
  )
}

/** Boxes that no chain of candidates joins cannot compete for a partner. Columns are counted on after the rows. */
function clustersOf(candidates: readonly Candidate[], rowCount: number): Cluster[] {
  const parents = new Map<number, number>()
  const rootOf = (node: number): number => {
    let root = node
    for (let up = parents.get(root); up !== undefined; up = parents.get(root)) root = up
    if (root !== node) parents.set(node, root)
    return root
  }
  for (const { first, second } of candidates) {
    const [from, to] = [rootOf(first), rootOf(rowCount + second)]
    if (from !== to) parents.set(from, to)
  }
  const groups = Map.groupBy(candidates, ({ first }) => rootOf(first))
  return [...groups.values()].map((group) => ({
    rows: [...new Set(group.map(({ first }) => first))],
    columns: [...new Set(group.map(({ second }) => second))],
    candidates: group,
  }))
}

function largestFirst(candidates: readonly Candidate[]): Candidate[] {
  const [rows, columns] = [new Set<number>(), new Set<number>()]
  return candidates
    .toSorted((one, other) => other.weight - one.weight)
    .filter(({ first, second }) => {
      if (rows.has(first) || columns.has(second)) return false
      rows.add(first)
      columns.add(second)
      return true
    })
}

function largestSum({ rows, columns, candidates }: Cluster): Candidate[] {
  const isTall = rows.length > columns.length
  const [short, long] = isTall ? [columns, rows] : [rows, columns]
  const shortIndex = new Map(short.map((box, index) => [box, index]))
  const longIndex = new Map(long.map((box, index) => [box, index]))
  const cells = new Map<number, Candidate>()
  const weights = new Float64Array(short.length * long.length)
  for (const candidate of candidates) {
    const { first, second, weight } = candidate
    const [brief, wide] = isTall ? [second, first] : [first, second]
    const cell = (shortIndex.get(brief) ?? 0) * long.length + (longIndex.get(wide) ?? 0)
    cells.set(cell, candidate)
    weights[cell] = weight
  }
  return assign(weights, short.length, long.length).flatMap((cell) => cells.get(cell) ?? [])
}

type Assignment = {
  weights: Float64Array // row by row
  columnCount: number // not below the number of rows
  rowOf: Int32Array // by column, -1 for none; one column more, outside, holds the row that looks for a place
  rowPotentials: Float64Array
  columnPotentials: Float64Array
}
type Search = { distances: Float64Array; cameFrom: Int32Array; isDone: Uint8Array }

/** Every row in a column of its own with the largest sum, by shortest augmenting paths. @returns the cells taken */
function assign(weights: Float64Array, rowCount: number, columnCount: number): number[] {
  const assignment: Assignment = {
    weights,
    columnCount,
    rowOf: new Int32Array(columnCount + 1).fill(-1),
    rowPotentials: new Float64Array(rowCount),
    columnPotentials: new Float64Array(columnCount + 1),
  }
  for (let row = 0; row < rowCount; row += 1) place(row, assignment)
  return Array.from(assignment.rowOf.subarray(0, columnCount)).flatMap((row, column) =>
    row < 0 ? [] : [row * columnCount + column],
  )
}

function place(newcomer: number, assignment: Assignment): void {
  const { columnCount, rowOf } = assignment
  const search: Search = {
    distances: new Float64Array(columnCount).fill(Number.POSITIVE_INFINITY),
    cameFrom: new Int32Array(columnCount).fill(columnCount),
    isDone: new Uint8Array(columnCount + 1),
  }
  rowOf[columnCount] = newcomer
  let at = columnCount
  while (numberAt(rowOf, at) !== -1) {
    search.isDone[at] = 1
    at = nearestColumn(at, assignment, search)
    shiftPotentials(numberAt(search.distances, at), assignment, search)
  }
  while (at !== columnCount) {
    const before = numberAt(search.cameFrom, at)
    rowOf[at] = numberAt(rowOf, before)
    at = before
  }
}

function nearestColumn(from: number, assignment: Assignment, search: Search): number {
  const { weights, columnCount, rowPotentials, columnPotentials } = assignment
  const { distances, cameFrom, isDone } = search
  const row = numberAt(assignment.rowOf, from)
  let nearest = -1
  for (let column = 0; column < columnCount; column += 1) {
    if (isDone[column]) continue
    const potential = numberAt(rowPotentials, row) + numberAt(columnPotentials, column)
    const distance = -numberAt(weights, row * columnCount + column) - potential
    if (distance < numberAt(distances, column)) {
      distances[column] = distance
      cameFrom[column] = from
    }
    if (nearest < 0 || numberAt(distances, column) < numberAt(distances, nearest)) nearest = column
  }
  return nearest
}

function shiftPotentials(step: number, assignment: Assignment, search: Search): void {
  const { columnCount, rowOf, rowPotentials, columnPotentials } = assignment
  const { distances, isDone } = search
  for (let column = 0; column <= columnCount; column += 1) {
    if (isDone[column]) {
      const row = numberAt(rowOf, column)
      rowPotentials[row] = numberAt(rowPotentials, row) + step
      columnPotentials[column] = numberAt(columnPotentials, column) - step
    } else if (column < columnCount) distances[column] = numberAt(distances, column) - step
  }
}

/** Indexes here come from loops over the array's own length; the compiler cannot know that. */
function numberAt(numbers: Float64Array | Int32Array, index: number): number {
  return numbers[index] as number
}
