import { freshness, type Verdict, volumeFloor } from '../runs/checks.ts'
import type { Named, SourceFacts } from './checks-facts.ts'
import type { Losses } from './checks-losses.ts'
import type { RefreshOrder } from './refresh-order.ts'

type Values = Verdict['values']

/** What a check of a source found, and a sentence for people. */
export type Finding = {
  name: string
  verdict: 'passed' | 'warned' | 'failed'
  observed: Values
  limit: Values
  message: string
}

export type Earlier = {
  facts: SourceFacts | null // of the last import from this source; null: there was none
  importedAt: Date | null // of the tenant, from anywhere
}

type Judging = {
  facts: SourceFacts
  losses: Losses
  order: RefreshOrder
  earlier: Earlier
  now: Date
}

const dayMs = 86_400_000

/** Whether what a source holds may be imported: all of its checks, whatever the first of them finds. */
export const judgeSource = (judging: Judging): Finding[] => [
  volume(judging),
  losses(judging),
  readable(judging),
  fresh(judging),
  unique(judging),
  lookalikes(judging),
  lastImport(judging),
]

/** The worst of them. */
export function worstOf(findings: readonly Finding[]): Finding['verdict'] {
  const words = findings.map(({ verdict }) => verdict)
  if (words.includes('failed')) return 'failed'
  return words.includes('warned') ? 'warned' : 'passed'
}

const counted = ['series', 'editions', 'deadlines'] as const

function volume({ facts, order: { floor }, earlier }: Judging): Finding {
  const found = counted.map((name) => {
    const previous = earlier.facts && { count: earlier.facts[name] }
    const { passed, values } = volumeFloor({
      ...{ count: facts[name], min: floor[name], shareMin: floor.share, previous },
    })
    return { name, passed, floor: Number(values.floor) }
  })
  const short = found.filter(({ passed }) => !passed)
  const told = (list: typeof found) =>
    list.map(({ name, floor: least }) => `${facts[name]} ${name} (at least ${least})`).join(', ')
  return {
    name: 'volume',
    verdict: short.length === 0 ? 'passed' : 'failed',
    observed: Object.fromEntries(counted.map((name) => [name, facts[name]])),
    limit: Object.fromEntries(found.map(({ name, floor: least }) => [name, least])),
    message:
      short.length === 0
        ? `There are ${told(found)}.`
        : `There are too few: ${told(short)}. The source may be cut off or empty.`,
  }
}

/** A list that was cut off in the midst of a conference, or an old copy of it, has its volume all the same. */
function losses({ losses: { emptied, cut }, order: { emptied_max: max } }: Judging): Finding {
  const found = [
    ...(cut.count > 0 ? [`The source may be cut off in its last conference: ${listOf(cut)}.`] : []),
    ...(emptied.count > 0
      ? [
          `${emptied.count} known editions would lose all deadlines, ${max} may: ${listOf(emptied)}.`,
        ]
      : []),
  ]
  return {
    name: 'losses',
    verdict: emptied.count <= max && cut.count === 0 ? 'passed' : 'failed',
    observed: { emptied: emptied.count, cut: cut.count },
    limit: { emptied: max, cut: 0 },
    message: found.length === 0 ? 'No known edition would lose all deadlines.' : found.join(' '),
  }
}

function readable({ facts, order }: Judging): Finding {
  const all = facts.series + facts.refused
  const refusedMax = Math.floor(all * order.refused_share_max)
  const brokenMax = Math.floor(facts.files * order.refused_share_max)
  const passed = facts.refused <= refusedMax && facts.broken_files <= brokenMax
  const [first] = facts.problems
  return {
    name: 'readable',
    verdict: passed ? 'passed' : 'failed',
    observed: { refused: facts.refused, broken_files: facts.broken_files },
    limit: { refused: refusedMax, broken_files: brokenMax },
    message: `${facts.refused} of ${all} conferences and ${facts.broken_files} of ${facts.files} files have mistakes; ${
      passed ? 'up to' : 'no more than'
    } ${refusedMax} and ${brokenMax} are allowed.${first ? ` The first one: ${first}` : ''}`,
  }
}

function fresh({ facts, order, now }: Judging): Finding {
  const newest = facts.newest_deadline_at === null ? null : new Date(facts.newest_deadline_at)
  const isToCome = newest !== null && newest > now
  const { passed, message } = freshness({ newest, now, ageMsMax: order.freshness_days * dayMs })
  return {
    name: 'freshness',
    verdict: passed ? 'passed' : order.on_stale === 'fail' ? 'failed' : 'warned',
    observed: { newest_deadline_at: facts.newest_deadline_at, newest_year: facts.newest_year },
    limit: { freshness_days: order.freshness_days },
    message: isToCome ? `The newest deadline is to come, on ${newest.toISOString()}.` : message,
  }
}

const listOf = ({ count, names }: Named): string =>
  `${names.join(', ')}${count > names.length ? ' and others' : ''}`

function unique({ facts: { twice }, order: { duplicates_max: max } }: Judging): Finding {
  return {
    name: 'duplicates',
    verdict: twice.count <= max ? 'passed' : 'failed',
    observed: { duplicates: twice.count },
    limit: { duplicates: max },
    message:
      twice.count === 0
        ? 'No conference stands twice in the source.'
        : `${twice.count} stand twice in the source, ${max} are allowed: ${listOf(twice)}.`,
  }
}

function lookalikes({ facts: { same_name, same_year, same_key } }: Judging): Finding {
  const kinds = [
    [same_name, 'Different conferences have one title'],
    [same_year, 'A conference has two editions of one year'],
    [same_key, 'Editions of different conferences have one key'],
  ] as const
  const found = kinds.filter(([{ count }]) => count > 0)
  return {
    name: 'lookalikes',
    verdict: found.length === 0 ? 'passed' : 'warned',
    observed: { titles: same_name.count, years: same_year.count, keys: same_key.count },
    limit: { titles: 0, years: 0, keys: 0 },
    message:
      found.length === 0
        ? 'No two conferences or editions look like one.'
        : found.map(([named, sentence]) => `${sentence}: ${listOf(named)}.`).join(' '),
  }
}

/** Only ever a warning: an import is what it asks for. */
function lastImport({ order, earlier: { importedAt }, now }: Judging): Finding {
  const ageMsMax = order.import_days * dayMs
  const limit = { import_days: order.import_days }
  const name = 'last_import'
  if (importedAt === null)
    return {
      ...{ name, verdict: 'passed', observed: { imported_at: null }, limit },
      message: 'Nothing has been imported yet.',
    }
  const isOld = now.getTime() - importedAt.getTime() > ageMsMax
  const at = importedAt.toISOString()
  return {
    ...{ name, verdict: isOld ? 'warned' : 'passed', observed: { imported_at: at }, limit },
    message: `The last good import was at ${at}${isOld ? `, more than ${order.import_days} days ago` : ''}.`,
  }
}
