import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { findSeriesOf } from './loading.ts'
import { newSeriesIndex } from './matching.ts'
import { planSeries, type SeriesPlan } from './planning.ts'
import { readCcfddl } from './reading.ts'
import { type SourceEntry, SourceFault, type SourceProblem } from './source.ts'
import { holdConferences, noteImport, writePlans } from './writing.ts'

/** What one file may have, and all of an import. */
export const importLimits = {
  fileBytes: 256 * 1024,
  // In a process that serves nobody: reading one takes some 250 times that.
  fileBytesApart: 2 * 1024 * 1024,
  files: 2_000,
  bytes: 4 * 1024 * 1024,
} as const

export type ConferenceFile = { path: string | null; text: string }

/** A file that was read. Where `fault` tells why it could not be, it has no entries. */
export type ReadFile = {
  path: string | null
  fault: Omit<SourceProblem, 'severity'> | null
  entries: SourceEntry[]
}

/** What became of one series of a file, or would in a dry run. */
export type SeriesVerdict = {
  path: string | null
  line: number
  title: string | null
  verdict: 'created' | 'changed' | 'unchanged' | 'refused'
  id: string | null // null: refused, or not made in a dry run
  editions: number // of the file
  deadlines: number // of the file, unknown ones too
  changes: string[] // one sentence each
  problems: SourceProblem[]
}

function readFile({ path, text }: ConferenceFile, bytesMax: number): ReadFile {
  try {
    if (new TextEncoder().encode(text).length > bytesMax)
      throw new SourceFault(`It has more than ${bytesMax} bytes.`)
    return { path, fault: null, entries: readCcfddl(text) }
  } catch (err) {
    if (!(err instanceof SourceFault)) throw err
    const { line, column, message: detail } = err
    return { path, fault: { line, column, detail }, entries: [] }
  }
}

type Reading = {
  fileBytesMax?: number
  /** Is told how many have been read. */
  onRead?: (count: number) => void
}

/** Reads files one after the other; between them others have their turn. */
export async function readFiles(
  files: readonly ConferenceFile[],
  { fileBytesMax = importLimits.fileBytes, onRead = () => {} }: Reading = {},
): Promise<ReadFile[]> {
  const read: ReadFile[] = []
  for (const file of files) {
    onRead(read.push(readFile(file, fileBytesMax)))
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return read
}

/** Is this a file of conferences, and not the list of areas or the rates beside them, or something hidden? */
export const isConferencePath = (path: string): boolean =>
  /\.ya?ml$/i.test(path) && !/(?:^|\/)(?:[._]|types\.ya?ml$|accept_rates\/)/i.test(path)

/** How many of what an import was about. */
export type ImportTotals = {
  files: number
  broken_files: number
  created: number
  changed: number
  unchanged: number
  refused: number
  editions: number // of series that were not refused
  deadlines: number
}

export function importTotals(
  files: readonly ReadFile[],
  verdicts: readonly SeriesVerdict[],
): ImportTotals {
  const countOf = (word: SeriesVerdict['verdict']) =>
    verdicts.filter(({ verdict }) => verdict === word).length
  const sumOf = (field: 'editions' | 'deadlines') =>
    verdicts.reduce((sum, verdict) => sum + verdict[field], 0)
  return {
    files: files.length,
    broken_files: files.filter(({ fault }) => fault !== null).length,
    ...{ created: countOf('created'), changed: countOf('changed') },
    ...{ unchanged: countOf('unchanged'), refused: countOf('refused') },
    ...{ editions: sumOf('editions'), deadlines: sumOf('deadlines') },
  }
}

type ImportOrder = { tenantId: string; at: Date; files: readonly ReadFile[] }

/** Says what {@link importConferences} would do, and writes nothing. */
export async function rehearseImport(db: Db, order: ImportOrder): Promise<SeriesVerdict[]> {
  const plans = await planImport(db, order)
  return plans.map(({ plan, verdict }) => (plan?.isNew ? { ...verdict, id: null } : verdict))
}

/** Imports files: a series with a mistake stays as it was, and keeps no other from being imported. */
export async function importConferences(tx: Tx, order: ImportOrder): Promise<SeriesVerdict[]> {
  await holdConferences(tx, order.tenantId)
  const planned = await planImport(tx, order)
  const plans = planned.flatMap(({ plan }) => plan ?? [])
  await writePlans(tx, order, plans)
  await noteImport(tx, order.tenantId, order.at)
  return planned.map(({ verdict }) => verdict)
}

type Planned = { plan: SeriesPlan | null; verdict: SeriesVerdict }

async function planImport(db: Db | Tx, { tenantId, at, files }: ImportOrder): Promise<Planned[]> {
  const entries = files.flatMap(({ path, entries: ofFile }) =>
    ofFile.map((entry) => ({ ...entry, path })),
  )
  const sources = entries.flatMap(({ series }) => series ?? [])
  const known = newSeriesIndex(await findSeriesOf(db, tenantId, sources))
  const done = newSeriesIndex([])
  const doneIds = new Set<string>()
  const context = { at: at.toISOString(), newId: uuidv7 }
  return entries.map((entry) => {
    if (!entry.series) return { plan: null, verdict: verdictOf(entry, null) }
    const match = known.match(entry.series)
    if (done.match(entry.series) || (match && doneIds.has(match.id)))
      return { plan: null, verdict: verdictOf(twice(entry), null) }
    const plan = planSeries(match, entry.series, context)
    done.add(plan.state)
    doneIds.add(plan.state.id)
    return { plan, verdict: verdictOf(entry, plan) }
  })
}

type Entry = SourceEntry & { path: string | null }

function twice(entry: Entry): Entry {
  const detail = 'The conference stands twice in what is imported.'
  const problem = { line: entry.line, column: 1, severity: 'error' as const, detail }
  return { ...entry, series: null, problems: [...entry.problems, problem] }
}

function verdictOf(
  { path, line, title, series, problems }: Entry,
  plan: SeriesPlan | null,
): SeriesVerdict {
  const rounds = (series?.editions ?? []).flatMap((edition) => edition.rounds)
  const deadlines = rounds.reduce((sum, round) => sum + round.deadlines.length, 0)
  return {
    ...{ path, line, title, verdict: wordOf(plan), id: plan?.state.id ?? null },
    ...{ editions: series?.editions.length ?? 0, deadlines },
    changes: plan?.changes.map(({ sentence }) => sentence) ?? [],
    problems,
  }
}

function wordOf(plan: SeriesPlan | null): SeriesVerdict['verdict'] {
  if (!plan) return 'refused'
  if (plan.isNew) return 'created'
  return plan.isChanged ? 'changed' : 'unchanged'
}
