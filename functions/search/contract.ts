import * as z from 'zod'
import { documentStatuses } from '../../db/schema/documents.ts'
import { foldTag } from '../../domain/documents/tags.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { route } from '../_shared/http/route.ts'
import { blockRowsMax } from './blocks.ts'
import { Hit } from './contract-hits.ts'
import { hitTypes } from './filters.ts'

const foldedTag = (text: string): string => foldTag(text.normalize('NFC').trim())

const typeNames = hitTypes.join('|')
const typeList = new RegExp(`^(${typeNames})(,(${typeNames}))*$`)
const id = z.uuid().toLowerCase().optional()
const time = z.iso.datetime({ offset: true }).optional()

export const search = route({
  method: 'get',
  path: '/',
  operationId: 'search',
  role: ['viewer', 'guest'],
  summary: 'Search pages, messages, artifacts, places and conferences',
  description: `Words must all occur in a hit, in any form ("running" finds "run"), accents and case apart. \`"a phrase"\`
must occur as it is, and so must \`S&P\` and \`PLDI'27\`; \`OR\` gives a choice, \`-word\` and \`-"a phrase"\` exclude,
\`invoi*\` finds words that begin so, within phrases too. A query needs a word that is to be found: one without, like
\`-this\` or \`a OR -b\`, is 422.

Found is what the caller may read: pages of documents that are not in the trash; messages of the channels that they see;
artifacts of these channels or of none, by title and latest complete text; places, by name, other names and description; and
conferences, by title, other names, what they stand for, area and ranks (\`"CORE A"\`), and by year, key and place of each
edition, one hit for all of them (\`CVPR Seattle\`). Guests find what is in their channels, and nothing else.

A filter leaves out the types that it does not fit: \`channel_id\` leaves out all but messages and artifacts; \`status\`,
\`language\` and \`tag\` leave out all but pages; \`document_id\` and \`user_id\` leave out conferences.

Best matches come first within each ${blockRowsMax} of the newest matches of a type, newer before older ones of the same rank.
What is added while you page moves nothing, so that nothing comes twice; search again to find it.`,
  input: {
    query: z.object({
      ...pageQuery,
      q: z.string().min(1).max(500).meta({ example: 'invoice "net 30" -draft' }),
      type: z
        .array(
          z
            .string()
            .max(100)
            .regex(typeList, `Takes ${hitTypes.join(', ')}.`),
        )
        .max(10)
        .optional()
        .meta({ description: 'Repeatable, or a list with commas. Default: all.' }),
      document_id: id.meta({
        description:
          'Pages of it, messages of its channel or to which it is attached, artifacts made of it, places linked to it.',
      }),
      channel_id: id.meta({ description: 'Messages and artifacts in it.' }),
      user_id: id.meta({
        description: 'Who uploaded the document, wrote the message, or made the artifact or place.',
      }),
      from: time.meta({
        description:
          'Uploaded, written or made then or later; of conferences: with an announced deadline then or later.',
      }),
      to: time.meta({
        description:
          'Uploaded, written or made before; of conferences: with an announced deadline before, and not before `from`.',
      }),
      status: z.enum(documentStatuses).optional(),
      language: z.string().min(2).max(8).optional().meta({ example: 'en' }),
      tag: z.array(z.string().min(1).max(200).transform(foldedTag)).max(10).optional().meta({
        description: 'Repeatable, in any case: documents that have all of them.',
      }),
    }),
  },
  replies: {
    200: pageOf(Hit).extend({
      hint: z.string().optional().meta({
        description: 'What may help when nothing was found.',
        example: 'Nothing has the word invoi, but there are words that begin so: try invoi*.',
      }),
    }),
  },
  example: { query: { q: 'invoice "net 30"', limit: '5' } },
})
