import * as z from 'zod'
import { conferenceChangeKinds } from '../../db/schema/conference-changes.ts'
import { aliasKinds, deadlineKinds } from '../../db/schema/conferences.ts'
import { basisSentence } from '../../domain/conferences/event.ts'
import type { SeriesRow } from '../../domain/conferences/loading.ts'
import type {
  DeadlineState,
  EditionState,
  EstimateState,
  SeriesState,
} from '../../domain/conferences/state.ts'
import type { DeadlineRow, listChangeRows } from './queries.ts'

const time = z.iso.datetime()
const at = time.nullable().meta({ description: 'The exact instant; `null`: not known yet.' })

const Rank = z
  .object({ ccf: z.string().nullable(), core: z.string().nullable(), thcpl: z.string().nullable() })
  .meta({ id: 'ConferenceRank' })

const fields = {
  id: z.uuid(),
  title: z.string().meta({ example: 'S&P' }),
  description: z.string().meta({ example: 'IEEE Symposium on Security and Privacy' }),
  sub: z.string().meta({ description: 'Its area.', example: 'SC' }),
  rank: Rank,
  dblp: z.string().nullable(),
  version: z
    .int()
    .meta({ description: 'Grows with every change of it or its editions; the ETag.' }),
  created_at: time,
  updated_at: time,
}

export const Conference = z
  .object(fields)
  .meta({ id: 'Conference', description: 'A conference that comes again.' })

const Deadline = z
  .object({
    id: z.uuid(),
    kind: z.enum(deadlineKinds),
    local_text: z
      .string()
      .meta({ description: 'As it was given.', example: '2026-06-11 23:59:59' }),
    timezone: z.string().meta({ description: 'As it was given.', example: 'AoE' }),
    at,
  })
  .meta({ id: 'ConferenceDeadline' })

const Basis = z
  .object({
    method: z.literal('median_shift'),
    years: z.array(z.int()).meta({ description: 'Whose deadlines it was made of.' }),
    shift_days: z.array(z.int()).meta({ description: 'From each of those years to the next.' }),
    median_shift_days: z.int(),
    sentence: z.string(),
  })
  .meta({ id: 'EstimateBasis' })

const Estimate = z
  .object({
    id: z.uuid(),
    kind: z.enum(deadlineKinds),
    year: z.int(),
    round: z.int(),
    at: time,
    basis: Basis,
  })
  .meta({ id: 'DeadlineEstimate', description: 'A deadline that nobody has announced.' })

const Edition = z
  .object({
    id: z.uuid(),
    key: z.string().meta({ description: 'Of the source.', example: 'sp27' }),
    year: z.int(),
    link: z.string(),
    place: z.string(),
    date_text: z.string().meta({ description: 'As it was given.', example: 'May 18-21, 2026' }),
    starts_on: z.iso.date().nullable().meta({ description: '`null`: the text does not tell.' }),
    ends_on: z.iso.date().nullable(),
    rounds: z.array(
      z.object({
        id: z.uuid(),
        number: z.int(),
        comment: z.string(),
        deadlines: z.array(Deadline),
      }),
    ),
  })
  .meta({ id: 'ConferenceEdition' })

export const ConferenceDetails = z
  .object({
    ...fields,
    aliases: z.array(z.object({ name: z.string(), kind: z.enum(aliasKinds) })),
    editions: z.array(Edition),
    estimates: z.array(Estimate),
  })
  .meta({ id: 'ConferenceDetails' })

export const UpcomingDeadline = z
  .object({
    id: z.uuid(),
    conference_id: z.uuid(),
    title: z.string(),
    sub: z.string(),
    rank: Rank,
    edition_id: z.uuid().nullable().meta({ description: '`null`: an estimate.' }),
    year: z.int(),
    round: z.int(),
    comment: z.string(),
    kind: z.enum(deadlineKinds),
    at: time,
    seconds_left: z.int().meta({ description: 'When the reply was made.' }),
    local_text: z.string().nullable(),
    timezone: z.string().nullable(),
    link: z.string(),
    place: z.string(),
    estimate: Basis.nullable().meta({ description: '`null`: it was announced.' }),
  })
  .meta({ id: 'UpcomingDeadline' })

export const ConferenceChange = z
  .object({
    id: z.uuid(),
    conference_id: z.uuid(),
    edition_id: z.uuid().nullable(),
    deadline_id: z.uuid().nullable(),
    kind: z.enum(conferenceChangeKinds),
    field: z.string(),
    old: z.string().nullable(),
    new: z.string().nullable(),
    sentence: z.string().meta({
      example:
        'S&P 2027: paper deadline extended from 2026-06-11 23:59:59 AoE to 2026-06-18 23:59:59 AoE.',
    }),
    version: z.int().meta({ description: 'Of the conference, with the change.' }),
    at: time,
  })
  .meta({ id: 'ConferenceChange' })

type Ranked = { rankCcf: string | null; rankCore: string | null; rankThcpl: string | null }

const toRank = ({ rankCcf: ccf, rankCore: core, rankThcpl: thcpl }: Ranked) => ({
  ccf,
  core,
  thcpl,
})

export const toConference = (row: SeriesRow): z.input<typeof Conference> => ({
  ...{ id: row.id, title: row.title, description: row.description, sub: row.sub },
  ...{ rank: toRank(row), dblp: row.dblp || null, version: row.version },
  ...{ created_at: row.createdAt.toISOString(), updated_at: row.updatedAt.toISOString() },
})

export const toDetails = (state: SeriesState): z.input<typeof ConferenceDetails> => ({
  ...{ id: state.id, title: state.title, description: state.description, sub: state.sub },
  ...{ rank: toRank(state), dblp: state.dblp || null, version: state.version },
  ...{ created_at: state.createdAt, updated_at: state.updatedAt, aliases: state.aliases },
  editions: state.editions.map(toEdition),
  estimates: state.estimates.map(toEstimate),
})

const toEdition = ({ id, key, year, link, place, ...row }: EditionState) => ({
  ...{ id, key, year, link, place, date_text: row.dateText },
  ...{ starts_on: row.startsOn, ends_on: row.endsOn },
  rounds: row.rounds
    .filter(({ isWithdrawn }) => !isWithdrawn)
    .map(({ id, number, comment, deadlines }) => ({
      ...{ id, number, comment },
      deadlines: deadlines.filter(({ isWithdrawn }) => !isWithdrawn).map(toDeadline),
    })),
})

const toDeadline = ({ id, kind, localText, zone, at }: DeadlineState) => ({
  ...{ id, kind, local_text: localText, timezone: zone, at },
})

const toEstimate = ({ id, kind, year, round, at, basis }: EstimateState) => ({
  ...{ id, kind, year, round, at, basis: toBasis(basis) },
})

const toBasis = (basis: EstimateState['basis']) => {
  const { method, years, shift_days, median_shift_days } = basis
  return { method, years, shift_days, median_shift_days, sentence: basisSentence(basis) }
}

/** @param row of a deadline whose instant is known */
export function toUpcoming(row: DeadlineRow, now: Date): z.input<typeof UpcomingDeadline> {
  const at = row.at ?? now
  return {
    ...{ id: row.id, conference_id: row.seriesId, title: row.title, sub: row.sub },
    ...{ rank: toRank(row), edition_id: row.editionId, comment: row.comment ?? '' },
    ...{ year: row.year ?? row.estimatedYear ?? 0, kind: row.kind, at: at.toISOString() },
    round: row.roundNumber ?? row.estimatedRound ?? 1,
    seconds_left: Math.floor((at.getTime() - now.getTime()) / 1000),
    ...{ local_text: row.localText, timezone: row.zone },
    ...{ link: row.link ?? '', place: row.place ?? '' },
    estimate: row.basis && toBasis(row.basis),
  }
}

type ChangeRow = Awaited<ReturnType<typeof listChangeRows>>[number]

export const toChange = (row: ChangeRow): z.input<typeof ConferenceChange> => ({
  ...{ id: row.id, conference_id: row.seriesId, edition_id: row.editionId },
  ...{ deadline_id: row.deadlineId, kind: row.kind, field: row.field },
  ...{ old: row.oldValue, new: row.newValue, sentence: row.sentence },
  ...{ version: row.version, at: row.at.toISOString() },
})
