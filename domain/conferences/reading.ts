import { isMap, isScalar, isSeq, type Pair } from 'yaml'
import type { DeadlineKind } from '../../db/schema/conferences.ts'
import { parseDays } from './dates.ts'
import { instantOf, parseZone, type Zone } from './instants.ts'
import { isUnknownTime, parseLocalTime } from './local-times.ts'
import {
  isComparable,
  nameKeyOf,
  type SourceDeadline,
  type SourceEdition,
  type SourceEntry,
  SourceFault,
  type SourceRound,
  type SourceSeries,
} from './source.ts'
import { NodeReader, parseYaml, type YamlFile } from './yaml-nodes.ts'

const seriesMax = 500 // in a file
const editionsMax = 200 // of a series
const roundsMax = 60 // of an edition
const years = { min: 1900, max: 2200 }

const seriesFields = ['title', 'description', 'sub', 'rank', 'dblp', 'confs']
const editionFields = ['year', 'id', 'link', 'timeline', 'timezone', 'date', 'place']
const rankFields = ['ccf', 'core', 'thcpl']
const deadlineFields: Record<string, DeadlineKind> = {
  abstract_deadline: 'abstract',
  deadline: 'paper',
  supplementary_deadline: 'supplementary',
  rebuttal_deadline: 'rebuttal',
  notification: 'notification',
  notification_deadline: 'notification',
  notification_date: 'notification',
  camera_ready: 'camera_ready',
  camera_ready_deadline: 'camera_ready',
  registration_deadline: 'registration',
}

/**
 * Reads a file of ccfddl: a list of series. An entry with an error is told of and left out as a whole.
 * @throws {SourceFault} it is no YAML, or no list
 */
export function readCcfddl(text: string): SourceEntry[] {
  const { root, lines }: YamlFile = parseYaml(text)
  // Some files hold one series without its dash.
  const entries = isSeq(root) ? root.items : isMap(root) ? [root] : null
  if (entries === null) throw new SourceFault('It is no list of conferences.')
  if (entries.length > seriesMax)
    throw new SourceFault(`It has more than ${seriesMax} conferences.`)
  return entries.map((entry) => {
    const reader = new NodeReader(lines)
    const series = readSeries(reader, entry)
    const { title } = series
    const shown = { title: title || null, line: reader.lineOf(entry), problems: reader.problems }
    return { ...shown, series: reader.hasErrors ? null : series }
  })
}

type Fields = Map<string, Pair>
const nodeOf = (fields: Fields, name: string): unknown => fields.get(name)?.value ?? null

function readSeries(reader: NodeReader, node: unknown): SourceSeries {
  const fields = reader.fields(node, seriesFields)
  const text = (name: string, max: number) => reader.text(nodeOf(fields, name), { name, max })
  const title = text('title', 200)
  if (title === '' && fields.size > 0) reader.error(node, '"title" is missing.')
  // Without it this is a list of something else, whose empty fields must not replace what is known.
  if (fields.size > 0 && !fields.has('confs')) reader.error(node, '"confs" is missing.')
  const dblp = text('dblp', 120)
  for (const [name, value] of Object.entries({ title, dblp }))
    if (!isComparable(value)) reader.error(nodeOf(fields, name), `"${name}" is too long.`)
  const confs = nodeOf(fields, 'confs')
  const items = confs === null ? [] : reader.list(confs, { name: 'confs', max: editionsMax })
  const editions = items.map((item) => readEdition(reader, item))
  refuseRepeatedKeys(reader, editions, items)
  return {
    ...{ title, description: text('description', 1_000), sub: text('sub', 40) },
    ...readRanks(reader, nodeOf(fields, 'rank')),
    dblp,
    editions,
  }
}

function readRanks(reader: NodeReader, node: unknown) {
  const rank = (value: unknown, name: string) => reader.text(value, { name, max: 20 }) || null
  // Older files give one rank alone, which is that of the CCF.
  if (node === null || isScalar(node))
    return { rankCcf: rank(node, 'rank'), rankCore: null, rankThcpl: null }
  const fields = reader.fields(node, rankFields)
  const [rankCcf, rankCore, rankThcpl] = rankFields.map((name) => rank(nodeOf(fields, name), name))
  return { rankCcf: rankCcf ?? null, rankCore: rankCore ?? null, rankThcpl: rankThcpl ?? null }
}

function refuseRepeatedKeys(
  reader: NodeReader,
  editions: readonly SourceEdition[],
  nodes: readonly unknown[],
): void {
  const seen = new Set<string>()
  for (const [index, { key }] of editions.entries()) {
    if (seen.has(nameKeyOf(key))) reader.error(nodes[index], `There is another "${key}" already.`)
    seen.add(nameKeyOf(key))
  }
}

function readEdition(reader: NodeReader, node: unknown): SourceEdition {
  const fields = reader.fields(node, editionFields)
  const text = (name: string, max: number) => reader.text(nodeOf(fields, name), { name, max })
  const [key, yearText] = [text('id', 100), text('year', 10)]
  const year = /^\d{4}$/.test(yearText) ? Number(yearText) : 0
  if (fields.size > 0 && key === '') reader.error(node, '"id" is missing.')
  if (!isComparable(key)) reader.error(nodeOf(fields, 'id'), '"id" is too long.')
  if (fields.size > 0 && (year < years.min || year > years.max))
    reader.error(nodeOf(fields, 'year') ?? node, '"year" must be a year.')
  const zoneText = text('timezone', 60)
  const zone = parseZone(zoneText)
  const timeline = nodeOf(fields, 'timeline')
  const items = timeline === null ? [] : reader.list(timeline, { name: 'timeline', max: roundsMax })
  const rounds = items.map((item) => readRound(reader, item, zone))
  const isTimed = rounds.some(({ deadlines }) =>
    deadlines.some(({ localText }) => isTime(localText)),
  )
  if (zone === null && isTimed)
    reader.error(fields.get('timezone')?.value ?? node, unknownZone(zoneText))
  const dateText = text('date', 200)
  return {
    ...{ key, year, link: readLink(reader, fields), place: text('place', 300) },
    ...{ dateText, days: parseDays(dateText), zone: zoneText, rounds },
  }
}

const isTime = (text: string): boolean => !isUnknownTime(text)

const unknownZone = (text: string): string =>
  text === ''
    ? '"timezone" is missing.'
    : `"${text}" is no known time zone: use AoE, UTC-8, PT or a name such as Europe/Berlin.`

function readLink(reader: NodeReader, fields: Fields): string {
  const node = nodeOf(fields, 'link')
  const link = reader.text(node, { name: 'link', max: 2_000 })
  if (isUnknownTime(link)) return ''
  if (/^https?:\/\/\S+$/i.test(link) && URL.canParse(link)) return link
  reader.warn(node, '"link" is no address of the web; it is left out.')
  return ''
}

function readRound(reader: NodeReader, node: unknown, zone: Zone | null): SourceRound {
  const fields = reader.fields(node, [...Object.keys(deadlineFields), 'comment'])
  const comment = reader.text(nodeOf(fields, 'comment'), { name: 'comment', max: 500 })
  const byKind = new Map<DeadlineKind, SourceDeadline>()
  for (const [name, kind] of Object.entries(deadlineFields)) {
    const pair = fields.get(name)
    if (!pair) continue
    if (byKind.has(kind)) reader.error(pair.key, `The round has its ${kind} twice.`)
    byKind.set(kind, readDeadline(reader, pair, { kind, zone }))
  }
  return { comment, deadlines: [...byKind.values()] }
}

type Due = { kind: DeadlineKind; zone: Zone | null }

function readDeadline(
  reader: NodeReader,
  { key, value }: Pair,
  { kind, zone }: Due,
): SourceDeadline {
  const localText = reader.text(value, { name: String(key), max: 60 })
  if (isUnknownTime(localText)) return { kind, localText: localText || 'TBD', at: null }
  const local = parseLocalTime(localText)
  if (local === null)
    reader.error(value, `"${localText}" is no time: write 2026-06-11 23:59:59, or TBD.`)
  return { kind, localText, at: local && zone && instantOf(local, zone) }
}
