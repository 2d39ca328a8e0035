import * as z from 'zod'
import { messageCharsMax, messageKinds } from '../../db/schema/messages.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { Message } from './representation.ts'

export const exampleChannelId = '0199a1c2-77aa-7aaa-8aaa-000000000011'
export const exampleId = '0199a1c2-77aa-7aaa-8aaa-000000000022'
export const param = z.object({ id: z.uuid().toLowerCase() })

/** Whoever sees channels: guests see those they are in. */
export const readers = ['viewer', 'guest'] as const

const seq = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const text = z.string().max(messageCharsMax)

/** Pages of a list that is read in both directions. */
export const pageBothWays = <T extends z.ZodType>(item: T) =>
  pageOf(item).extend({ prev_cursor: z.string().nullable() })

export const postMessage = route({
  method: 'post',
  path: '/',
  operationId: 'postMessage',
  role: readers,
  summary: 'Say something in a channel',
  description: `Members write; an observer reads alone. Whoever reads documents writes in a document's channel, and is a
member from then on; in a public one they join first. People are named by \`@nickname\`, \`@name\` or \`@"A name"\` as they
are shown, \`<@user id>\`, and \`@all\`; in code (\`\` \`...\` \`\`) nobody is. With documents the text may be empty.`,
  input: {
    json: z.object({
      channel_id: z.uuid().toLowerCase(),
      text: text.default(''),
      kind: z.enum(messageKinds).default('text'),
      reply_to_seq: z.int().min(1).nullable().default(null).meta({
        description: 'The message of this channel that it answers.',
      }),
      document_ids: z
        .array(z.uuid().toLowerCase())
        .max(10)
        .refine((ids) => new Set(ids).size === ids.length, 'Names a document twice.')
        .default([])
        .meta({ description: 'Documents to show: everybody in the channel can read their files.' }),
    }),
  },
  replies: { 201: Message, ...failures('not_found', 'conflict') },
  example: { json: { channel_id: exampleChannelId, text: 'Who has the *invoice* of May? @all' } },
})

export const listMessages = route({
  method: 'get',
  path: '/',
  operationId: 'listMessages',
  role: readers,
  summary: 'Read the messages of a channel',
  description: `Newest first, unless \`after_seq\` asks for what came then, oldest first. \`next_cursor\` goes on in that
direction and \`prev_cursor\` goes back, in the same order; each is \`null\` where there is no more at the moment. Deleted
messages stay in their places without a text.`,
  input: {
    query: z.object({
      ...pageQuery,
      channel_id: z.uuid().toLowerCase(),
      before_seq: seq.optional().meta({ description: 'Those before this one, newest first.' }),
      after_seq: seq.optional().meta({ description: 'Those after this one, oldest first.' }),
      around_seq: seq.optional().meta({ description: 'This one, in the middle of its page.' }),
      author_id: z.uuid().toLowerCase().optional().meta({ description: 'What they have said.' }),
      reply_to_seq: seq.optional().meta({ description: 'What answers this message.' }),
      has_attachment: z
        .literal('true')
        .optional()
        .meta({ description: 'Those that show documents.' }),
    }),
  },
  replies: { 200: pageBothWays(Message), ...failures('not_found', 'invalid_cursor') },
  example: { query: { channel_id: exampleChannelId, limit: '50' } },
})

export const getMessage = route({
  method: 'get',
  path: '/:id',
  operationId: 'getMessage',
  role: readers,
  summary: 'Read a message',
  input: { param },
  replies: { 200: Message, ...failures('not_found') },
  example: { param: { id: exampleId } },
})

export const changeMessage = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeMessage',
  role: readers,
  summary: 'Change the text of a message of yours',
  description:
    'Whom it names is read anew. The texts before stay readable: GET /v1/messages/{id}/versions.',
  input: { param, json: z.object({ text }) },
  replies: { 200: Message, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: { id: exampleId }, json: { text: 'Who has the *receipt* of May? @all' } },
})

export const deleteMessage = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteMessage',
  role: readers,
  summary: 'Delete a message',
  description: `Its author may, and whoever moderates the channel. Its place stays, and says that it was deleted; its text,
earlier texts, mentions, reactions and attachments are gone for good. Doing it again changes nothing.`,
  input: { param },
  replies: { 204: null, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: { id: exampleId } },
})

const MessageText = z
  .object({
    number: z.int().meta({ description: 'From 1; the greatest is the text that it has now.' }),
    text: z.string(),
    at: z.iso.datetime().meta({ description: 'Since when it was so.' }),
  })
  .meta({ id: 'MessageText', description: 'A text that a message has or had.' })

export const listVersions = route({
  method: 'get',
  path: '/:id/versions',
  operationId: 'listMessageVersions',
  role: readers,
  summary: 'List the texts of a message, newest first',
  description: 'A deleted message has none.',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(MessageText), ...failures('not_found', 'invalid_cursor') },
  example: { param: { id: exampleId } },
})
