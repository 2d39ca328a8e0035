import * as z from 'zod'
import { channelKinds, memberRoles } from '../../db/schema/channels.ts'
import type { ChannelRow } from '../../domain/channels/access.ts'
import { line } from '../_shared/http/lines.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { creationFaults, directPeopleMax } from './rules.ts'

export const param = z.object({ id: z.uuid().toLowerCase() })
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000011' }
export const uuid = z.uuid().toLowerCase()
export const time = z.iso.datetime()

const name = line(80).meta({ description: 'Unique among public channels.', example: 'invoices' })
export const topicCharactersMax = 500
export const topic = z
  .string()
  .trim()
  .max(topicCharactersMax)
  .meta({ example: 'What came in this week' })
const seq = z.int().min(0)

const shared = {
  id: z.uuid(),
  kind: z.enum(channelKinds),
  name: z.string().nullable().meta({ description: '`null` for direct channels.' }),
  topic: z.string(),
  document_id: z.uuid().nullable(),
  user_ids: z.array(z.uuid()).nullable().meta({
    description: 'Of a direct channel: all who talk in it, also those who are gone since.',
  }),
  created_by: z.uuid(),
  archived_at: time.nullable(),
  version: z.int().meta({ description: 'Grows with every change of the above; the ETag.' }),
  created_at: time,
  updated_at: time,
}
export const Channel = z.object(shared).meta({ id: 'Channel' })

const standing = {
  my_role: z.enum(memberRoles).nullable().meta({ description: '`null`: you have not joined.' }),
  my_nickname: z.string().nullable(),
  read_seq: seq.meta({ description: '`seq` of the last message you have read.' }),
  unread_count: seq.meta({
    description: 'Without your own and deleted ones; 0 if you are no member.',
  }),
  mention_count: seq.meta({ description: 'Of the unread ones, those that name you or all.' }),
  last_message_seq: seq,
  last_event_seq: seq,
}
const ChannelStanding = z
  .object({ channel_id: z.uuid(), ...standing })
  .meta({ id: 'ChannelStanding', description: 'Where you stand in a channel.' })
const ListedChannel = z.object({ ...shared, ...standing }).meta({ id: 'ListedChannel' })

export const createChannel = route({
  method: 'post',
  path: '/',
  operationId: 'createChannel',
  role: 'viewer',
  summary: 'Make a channel, or get the one there is',
  description: `Whoever makes a channel owns it. The same people get the same direct channel, and a document has one channel: 200
with the one that is there. \`public\`: everybody of the tenant but guests reads it. \`private\` and \`direct\`: its members alone
know of it, also among admins. \`document\`: for whoever reads documents; without a name it has that of the file.`,
  input: {
    json: z
      .object({
        kind: z.enum(channelKinds).default('public'),
        name: name.optional(),
        topic: topic.default(''),
        document_id: uuid.optional().meta({ description: 'Of a document channel.' }),
        user_ids: z
          .array(uuid)
          .max(100)
          .optional()
          .meta({
            description: `Who else is in it from the start; at most ${directPeopleMax - 1} of a direct channel.`,
          }),
      })
      .superRefine((wanted, context) => {
        for (const { field, message } of creationFaults(wanted))
          context.addIssue({ code: 'custom', path: [field], message })
      }),
  },
  replies: { 201: Channel, 200: Channel, ...failures('duplicate', 'conflict') },
  example: { json: { kind: 'public', name: 'invoices', topic: 'What came in this week' } },
})

export const listChannels = route({
  method: 'get',
  path: '/',
  operationId: 'listChannels',
  role: ['viewer', 'guest'],
  summary: 'List channels that you see, oldest first, with what you have not read',
  input: {
    query: z.object({
      ...pageQuery,
      kind: z.enum(channelKinds).optional(),
      archived: z.enum(['true', 'false']).optional(),
      member: z.enum(['me', 'all']).default('all').meta({ description: '`me`: those I am in.' }),
      document_id: uuid.optional(),
      name: z.string().min(1).max(80).optional().meta({
        description: 'A part of the name, in capitals or not.',
      }),
    }),
  },
  replies: { 200: pageOf(ListedChannel), ...failures('invalid_cursor') },
  example: { query: { limit: '10', member: 'me' } },
})

export const getChannel = route({
  method: 'get',
  path: '/:id',
  operationId: 'getChannel',
  role: ['viewer', 'guest'],
  summary: 'Read a channel',
  description: 'What it is to all; where you stand in it is read beside it.',
  input: { param },
  replies: { 200: Channel, ...failures('not_found') },
  example: { param: exampleId },
})

export const getStanding = route({
  method: 'get',
  path: '/:id/standing',
  operationId: 'getChannelStanding',
  role: ['viewer', 'guest'],
  summary: 'Read your role in a channel and what you have not read',
  input: { param },
  replies: { 200: ChannelStanding, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeChannel = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeChannel',
  role: 'viewer',
  summary: 'Change the name, topic or kind of a channel',
  description: `Its owners and moderators do; owners alone make a public one private or the other way round. With \`public\`
everything that was said is there for everybody of the tenant.`,
  input: {
    param,
    json: z.object({ name, topic, kind: z.enum(['public', 'private']) }).partial(),
  },
  replies: { 200: Channel, ...failures('not_found', 'duplicate', 'conflict', 'stale_version') },
  example: { param: exampleId, json: { topic: 'What came in this week' } },
})

export const archiveChannel = route({
  method: 'post',
  path: '/:id/archive',
  operationId: 'archiveChannel',
  role: 'viewer',
  summary: 'Let a channel be read alone',
  description: 'Whatever would write in it is a 409 from then on. Its members stay, and can leave.',
  input: { param },
  replies: { 200: Channel, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const unarchiveChannel = route({
  ...archiveChannel,
  path: '/:id/unarchive',
  operationId: 'unarchiveChannel',
  summary: 'Let an archived channel take messages again',
  description: 'Nothing happens to one that is not archived.',
})

export const deleteChannel = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteChannel',
  role: 'viewer',
  summary: 'Delete a channel with all that was said in it',
  description: `Its owners do. It cannot be taken back; archive it to keep what was said. Nobody sees it from the reply on; where much
was said, a job takes it away after that.`,
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const toChannel = (row: ChannelRow): z.input<typeof Channel> => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  topic: row.topic,
  document_id: row.documentId,
  user_ids: row.directKey?.split(',') ?? null,
  created_by: row.createdByUserId,
  archived_at: row.archivedAt?.toISOString() ?? null,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})

/** A channel as one reader stands in it. */
export type StandingRow = ChannelRow & {
  memberRole: (typeof memberRoles)[number] | null
  nickname: string | null
  readSeq: number | null
  unread: number
  mentions: number
  messageSeq: number
  eventSeq: number
}

const standingOf = (row: StandingRow) => ({
  my_role: row.memberRole,
  my_nickname: row.nickname,
  read_seq: row.readSeq ?? 0,
  unread_count: row.unread,
  mention_count: row.mentions,
  last_message_seq: row.messageSeq,
  last_event_seq: row.eventSeq,
})

export const toListed = (row: StandingRow): z.input<typeof ListedChannel> => ({
  ...toChannel(row),
  ...standingOf(row),
})

export const toStanding = (row: StandingRow): z.input<typeof ChannelStanding> => ({
  channel_id: row.id,
  ...standingOf(row),
})
