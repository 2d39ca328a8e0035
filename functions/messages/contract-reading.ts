import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { exampleChannelId, exampleId, param, readers } from './contract.ts'
import { Message } from './representation.ts'

const reactionParam = param.extend({ emoji: z.string() })
const exampleReaction = { id: exampleId, emoji: '👍' }

export const addReaction = route({
  method: 'put',
  path: '/:id/reactions/:emoji',
  operationId: 'addReaction',
  role: readers,
  summary: 'Put a sign on a message',
  description: `One emoji, or the name of one of your own like \`:shipit:\`, percent-encoded in the path. Doing it again
changes nothing. A message bears at most 50 different signs.`,
  input: { param: reactionParam },
  replies: { 200: Message, ...failures('not_found', 'conflict') },
  example: { param: exampleReaction },
})

export const removeReaction = route({
  method: 'delete',
  path: '/:id/reactions/:emoji',
  operationId: 'removeReaction',
  role: readers,
  summary: 'Take your sign off a message',
  input: { param: reactionParam },
  replies: { 204: null, ...failures('not_found', 'conflict') },
  example: { param: exampleReaction },
})

const Reaction = z
  .object({ emoji: z.string(), user_id: z.uuid(), name: z.string(), at: z.iso.datetime() })
  .meta({ id: 'Reaction', description: "One person's sign on a message." })

export const listReactions = route({
  method: 'get',
  path: '/:id/reactions',
  operationId: 'listReactions',
  role: readers,
  summary: 'List who put which sign on a message',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(Reaction), ...failures('not_found', 'invalid_cursor') },
  example: { param: { id: exampleId } },
})

const ReadState = z
  .object({
    channel_id: z.uuid(),
    read_seq: z.int().meta({ description: 'Of the last message that you have read.' }),
    last_seq: z.int().meta({ description: 'Of the last message.' }),
    unread_count: z.int().meta({ description: 'Without deleted ones and your own.' }),
    mention_count: z.int().meta({ description: 'Those of the unread that name you or `@all`.' }),
  })
  .meta({ id: 'ReadState', description: 'How far you have read a channel.' })

export const markRead = route({
  method: 'put',
  path: '/read',
  operationId: 'markRead',
  role: readers,
  summary: 'Say how far you have read a channel',
  description: 'A smaller number than before marks messages as unread again.',
  input: {
    json: z.object({
      channel_id: z.uuid().toLowerCase(),
      seq: z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ description: '0: nothing yet.' }),
    }),
  },
  replies: { 200: ReadState, ...failures('not_found') },
  example: { json: { channel_id: exampleChannelId, seq: 1 } },
})

export const listUnread = route({
  method: 'get',
  path: '/unread',
  operationId: 'listUnread',
  role: readers,
  summary: 'Count what is unread in each of your channels',
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(ReadState), ...failures('invalid_cursor') },
  example: { query: { limit: '100' } },
})

export const getAttachment = route({
  method: 'get',
  path: '/:id/attachments/:document_id/content',
  operationId: 'getAttachmentContent',
  role: readers,
  summary: 'Read the file of a document that a message shows',
  description: 'Whoever sees the message reads it, guests too. Takes `Range`.',
  input: { param: param.extend({ document_id: z.uuid().toLowerCase() }) },
  replies: {
    200: content('application/octet-stream', 'The file, with its own media type.'),
    206: content('application/octet-stream', 'The range that was asked for.'),
    ...failures('not_found', 'range_not_satisfiable'),
  },
  timeoutMs: null,
  example: { param: { id: exampleId, document_id: '0199a1c2-77aa-7aaa-8aaa-000000000002' } },
})
