import * as z from 'zod'
import { type ChannelEventType, channelEventTypes } from '../../domain/channels/event-types.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { exampleId, param, time } from './contract.ts'

const seq = z.int().min(0)

const CommandResult = z
  .object({
    command: z.string().meta({ example: 'topic' }),
    done: z.string().meta({ description: 'What was done, for whoever gave the command.' }),
    channel_id: z.uuid().nullable().meta({ description: 'Of a channel that was joined or left.' }),
    message_id: z.uuid().nullable().meta({ description: 'Of a message that was posted.' }),
    message_seq: seq.nullable(),
  })
  .meta({ id: 'ChannelCommandResult' })

export const runCommand = route({
  method: 'post',
  path: '/:id/commands',
  operationId: 'runChannelCommand',
  role: ['viewer', 'guest'],
  summary: 'Do what a line that begins with a slash says',
  description: `\`/join <channel>\`, \`/leave\`, \`/nick <name>\`, \`/me <does something>\`, \`/topic <text>\`,
\`/invite @somebody\`, \`/archive\` and \`/help\`, with the rights of the routes that do the same.`,
  input: {
    param,
    json: z.object({ text: z.string().trim().min(1).max(8_000).meta({ example: '/me waves' }) }),
  },
  replies: { 200: CommandResult, ...failures('not_found', 'conflict', 'duplicate') },
  example: { param: exampleId, json: { text: '/topic What came in this week' } },
})

const eventTypes = Object.keys(channelEventTypes) as ChannelEventType[]

const ChannelEvent = z
  .object({
    seq: z.int().min(1).meta({ description: 'Gapless in its channel.' }),
    type: z.enum(eventTypes),
    subject_id: z.uuid().meta({ description: 'Of the message, member or thing that it is about.' }),
    actor_user_id: z.uuid().nullable().meta({ description: '`null`: the system.' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'Ids, numbers and versions.' }),
    at: time,
  })
  .meta({ id: 'ChannelEvent' })

export const listEvents = route({
  method: 'get',
  path: '/:id/events',
  operationId: 'listChannelEvents',
  role: ['viewer', 'guest'],
  summary: 'Read what happened in a channel, in its order',
  description: `Every change is one event, written with it: whoever has read up to \`after\` is brought up to date. They say what
changed and never what was said: ${Object.entries(channelEventTypes)
    .map(([type, told]) => `\`${type}\` (${told})`)
    .join(', ')}.`,
  input: {
    param,
    query: z.object({
      ...pageQuery,
      after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).meta({
        description: '`seq` of the last event that you know; a cursor goes before it.',
      }),
    }),
  },
  replies: { 200: pageOf(ChannelEvent), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId, query: { after: '0', limit: '10' } },
})

export const exportChannel = route({
  method: 'get',
  path: '/:id/export',
  operationId: 'exportChannel',
  role: ['viewer', 'guest'],
  summary: 'Download a channel as lines of JSON',
  description: `A line with the \`type\` \`channel\`, then a line for each \`member\`, then one for each \`message\` up to the last at the
start, in their order. It is audited, and breaks off when you lose sight of the channel.`,
  input: { param },
  replies: {
    200: content('application/x-ndjson', 'One JSON object a line.'),
    ...failures('not_found'),
  },
  example: { param: exampleId },
  timeoutMs: null,
})

export type EventRow = {
  seq: number
  type: string
  subjectId: string
  actorUserId: string | null
  data: Record<string, unknown>
  at: Date
}

export const toEvent = (row: EventRow): z.input<typeof ChannelEvent> => ({
  seq: row.seq,
  // Nothing else is ever appended: see appendChannelEvents.
  type: row.type as ChannelEventType,
  subject_id: row.subjectId,
  actor_user_id: row.actorUserId,
  data: row.data,
  at: row.at.toISOString(),
})
