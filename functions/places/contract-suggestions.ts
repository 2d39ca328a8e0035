import * as z from 'zod'
import { placeAliasesMax } from '../../db/schema/places.ts'
import { suggestionStates } from '../../db/schema/suggestions.ts'
import { phraseWordsMax } from '../../domain/places/mentions.ts'
import {
  alternativesMax,
  mentionsPerDocumentMax,
  mentionsPerPageMax,
  mentionsShownMax,
  placesPerDocumentMax,
} from '../../domain/places/suggesting.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { collection } from './contract.ts'
import { placeFields } from './representation.ts'

const documentsMax = 100
const decisionsMax = 500

const id = z.uuid().toLowerCase()
const param = z.object({ suggestion: id })
const exampleId = '0199a1c2-77aa-7aaa-8aaa-00000000000e'
const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'

const { name, longitude, latitude } = placeFields
const SuggestedPlace = z
  .object({ id: z.uuid(), collection: placeFields.collection, name, longitude, latitude })
  .meta({ id: 'SuggestedPlace' })

const Mention = z
  .object({
    page: z.int().meta({ description: 'From 1.', example: 1 }),
    start: z.int().meta({ description: "In the page's text, in UTF-16 units.", example: 10 }),
    end: z.int().meta({ description: 'Behind its last character.', example: 18 }),
    quote: z.string().meta({ example: 'Montréal' }),
    boxes: z.array(z.array(z.number()).length(4)).meta({
      description: 'Of its words, in 0..1 of the page: `[x, y, width, height]`.',
    }),
  })
  .meta({ id: 'PlaceMention' })

const state = z.enum(suggestionStates)
const version = z.int().meta({
  description: 'Grows with every change of the suggestion and of its place; the ETag.',
})

export const PlaceSuggestion = z
  .object({
    id: z.uuid(),
    document_id: z.uuid(),
    place: SuggestedPlace,
    state,
    mention_count: z.int().meta({ example: 3 }),
    mentions: z.array(Mention).meta({ description: `The first ${mentionsShownMax}.` }),
    pages: z.array(z.int()).meta({ description: 'All that mention it.', example: [1, 4] }),
    alternatives: z.array(SuggestedPlace).meta({
      description: `Other places of the name, the likeliest first, at most ${alternativesMax}. To take one, link it and
dismiss this suggestion. Their names are as they are now, which the ETag does not tell.`,
    }),
    decided_by: z.uuid().nullable(),
    version,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'PlaceSuggestion', description: 'A place whose name stands on pages of a document.' })

const rules = `A job reads the pages and asks for places by what could be a name in them: at most ${phraseWordsMax} words,
compared without accents, case, punctuation and line breaks; "St." is "Saint", "Mt." is "Mount". The longest name counts: New York is
not York. Where a script has capitals a name needs them, so that "nice" is not Nice; all capitals will do. Names of one or two letters,
and aliases of up to four capitals, must be written exactly so. Chinese, Japanese and Thai words are told apart by Unicode's
dictionaries; Korean ones lose their particles.

Of several places with one name the one counts that is linked to the document or was decided upon before, else the most populous by its
property \`population\`, \`pop_max\` or \`pop\`, else the one whose name and not alias (of at most ${placeAliasesMax}) it is, else the oldest; the
others are its \`alternatives\`. A place that is linked to the document is not suggested.

Run again, it makes new suggestions, brings open ones up to date and removes those whose mentions are gone; with a \`collection\`, of this
collection alone. What was accepted or dismissed stays as it is. At most ${mentionsPerPageMax} mentions of a page, ${mentionsPerDocumentMax} of
a document and ${placesPerDocumentMax} places of a document count: \`is_shortened\` in the job's \`result\` tells. A document that is still
processed is waited for.`

export const requestSuggestions = route({
  method: 'post',
  path: '/suggestions',
  operationId: 'suggestPlaces',
  role: 'editor',
  summary: 'Have a job find the places that documents mention',
  description: `${rules}

Name \`document_id\` or \`document_ids\`. The same asked for again while it waits is one job. Its \`result\` says how many documents were
read, how many were skipped because they are gone or in the trash, and how many suggestions are open.`,
  input: {
    json: z.object({
      document_id: id.optional(),
      document_ids: z.array(id).min(1).max(documentsMax).optional(),
      collection: collection.optional().meta({ description: 'Of its places alone.' }),
    }),
  },
  replies: { 202: z.object({ job_id: z.uuid() }), ...failures('not_found', 'conflict') },
  example: { json: { document_id: exampleDocumentId } },
})

export const listSuggestions = route({
  method: 'get',
  path: '/suggestions',
  operationId: 'listPlaceSuggestions',
  role: 'viewer',
  summary: 'List suggested places, oldest first',
  description: `Open ones unless you ask for another state. Of one document they are in the order in which its text mentions them,
those of later runs behind. Those of documents in the trash are left out.`,
  input: {
    query: z.object({
      ...pageQuery,
      document_id: id.optional(),
      place_id: id.optional(),
      state: state.default('open'),
      collection: collection.optional(),
    }),
  },
  replies: { 200: pageOf(PlaceSuggestion), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId, limit: '10' } },
})

export const getSuggestion = route({
  method: 'get',
  path: '/suggestions/:suggestion',
  operationId: 'getPlaceSuggestion',
  role: 'viewer',
  summary: 'Read a suggested place',
  input: { param },
  replies: { 200: PlaceSuggestion, ...failures('not_found') },
  example: { param: { suggestion: exampleId } },
})

const decisionRules = `\`accepted\` links the place and the document, with the pages; a link that is there already stays as it is.
\`dismissed\` is remembered: the place is not suggested for the document again. \`open\` takes either back, and a link only if the
suggestion made it. From accepted to dismissed or back it goes by way of \`open\`: else it is a 409. The same again changes nothing.`

export const decideSuggestion = route({
  method: 'patch',
  path: '/suggestions/:suggestion',
  operationId: 'decidePlaceSuggestion',
  role: 'editor',
  summary: 'Accept or dismiss a suggested place, or take that back',
  description: decisionRules,
  input: { param, json: z.object({ state }) },
  replies: { 200: PlaceSuggestion, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: { suggestion: exampleId }, json: { state: 'accepted' } },
})

const verdict = z.enum(['changed', 'unchanged', 'not_found', 'conflict', 'stale_version']).meta({
  description: '`unchanged`: it is in this state already. The last three: this one stays as it is.',
})

export const decideSuggestions = route({
  method: 'post',
  path: '/suggestions/decide',
  operationId: 'decidePlaceSuggestions',
  role: 'editor',
  summary: `Decide upon up to ${decisionsMax} suggested places, with a verdict for each`,
  description: decisionRules,
  input: {
    json: z.object({
      decisions: z
        .array(z.object({ id, state, version: version.optional() }))
        .min(1)
        .max(decisionsMax)
        .refine((list) => new Set(list.map((one) => one.id)).size === list.length, {
          error: 'Must not name a suggestion twice.',
        }),
    }),
  },
  replies: {
    200: z.object({
      items: z
        .array(
          z.object({
            ...{ id: z.uuid(), verdict },
            state: state.nullable().meta({ description: 'As it is now; null: there is none.' }),
            version: version.nullable(),
          }),
        )
        .meta({ description: 'In the order in which they were given.' }),
    }),
    ...failures(),
  },
  example: { json: { decisions: [{ id: exampleId, state: 'dismissed' }] } },
})
