import * as z from 'zod'
import { documentStatuses } from '../../db/schema/documents.ts'
import { foldTag } from '../../domain/documents/tags.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { route } from '../_shared/http/route.ts'
import { hitTypes } from './filters.ts'

const foldedTag = (text: string): string => foldTag(text.normalize('NFC').trim())

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const range = z.tuple([z.int(), z.int()])

/** What every hit shows of its text. */
const shown = {
  snippet: z.string().meta({ description: 'Plain text around the hits.' }),
  highlights: z.array(range).meta({
    description: '`[start, end]` in `snippet`, in UTF-16 units, as `String.slice` takes them.',
  }),
}

export const PageHit = z
  .object({
    type: z.literal('page'),
    document_id: z.uuid(),
    page: z.int().meta({ description: 'From 1.' }),
    filename: z.string(),
    title: z.string().nullable(),
    ...shown,
    boxes: z.array(box).meta({
      description: '`[x, y, width, height]` in 0..1 of the page of the words hit, at most 100.',
    }),
  })
  .meta({ id: 'PageHit', description: 'One page that matches.' })

export const MessageHit = z
  .object({
    type: z.literal('message'),
    message_id: z.uuid(),
    channel_id: z.uuid(),
    channel_name: z.string().nullable().meta({ description: '`null` for direct channels.' }),
    seq: z.int().meta({ description: 'In its channel, from 1.' }),
    author: z.object({ user_id: z.uuid(), name: z.string() }).meta({
      description: 'With the name of then. The user may be gone.',
    }),
    created_at: z.iso.datetime(),
    ...shown,
  })
  .meta({ id: 'MessageHit', description: 'One message that matches.' })

export const ArtifactHit = z
  .object({
    type: z.literal('artifact'),
    artifact_id: z.uuid(),
    version: z.int().meta({
      description: 'The latest complete one, whose text was searched; without one, the latest.',
    }),
    title: z.string(),
    media_type: z.string(),
    channel_id: z.uuid().nullable().meta({ description: 'Who sees it sees the artifact.' }),
    message_id: z.uuid().nullable(),
    document_id: z.uuid().nullable(),
    created_at: z.iso.datetime(),
    ...shown,
  })
  .meta({
    id: 'ArtifactHit',
    description: 'One artifact that matches. Its snippet is of its title, a space and its text.',
  })

export const Hit = z
  .discriminatedUnion('type', [PageHit, MessageHit, ArtifactHit])
  .meta({ id: 'Hit', description: 'One page, message or artifact that matches.' })

const typeNames = hitTypes.join('|')
const typeList = new RegExp(`^(${typeNames})(,(${typeNames}))*$`)
const id = z.uuid().toLowerCase().optional()
const time = z.iso.datetime({ offset: true }).optional()

export const search = route({
  method: 'get',
  path: '/',
  operationId: 'search',
  role: ['viewer', 'guest'],
  summary: 'Search pages, messages and artifacts',
  description: `Words must all occur in a hit, in any form ("running" finds "run"), accents and case apart. \`"a phrase"\`
must occur as it is, \`OR\` gives a choice, \`-word\` and \`-"a phrase"\` exclude, \`invoi*\` finds words that begin so, within
phrases too. A query needs a word that is to be found: one without, like \`-this\` or \`a OR -b\`, is 422.

Found is what the caller may read: pages of documents that are not in the trash, messages of the channels that they see, and
artifacts of these channels or of none, by title and latest complete text. Guests find what is in their channels, and no pages.
A filter leaves out the types that it does not fit: \`channel_id\` leaves out pages; \`status\`, \`language\` and \`tag\` leave
out all but pages.

Best matches come first within each five hundred of the newest matches of a type, newer before older ones of the same rank.
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
          'Pages of it, messages of its channel or to which it is attached, artifacts made of it.',
      }),
      channel_id: id.meta({ description: 'Messages and artifacts in it.' }),
      user_id: id.meta({
        description: 'Who uploaded the document, wrote the message or made the artifact.',
      }),
      from: time.meta({ description: 'Uploaded, written or made then or later.' }),
      to: time.meta({ description: 'Uploaded, written or made before.' }),
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
