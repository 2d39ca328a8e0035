import * as z from 'zod'
import { memberRoles } from '../../db/schema/channels.ts'
import { line } from '../_shared/http/lines.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { exampleId, param, time, uuid } from './contract.ts'
import type { SeenMember } from './member-queries.ts'

const ofMember = param.extend({ user_id: uuid })
const exampleMember = { ...exampleId, user_id: '0199a1c2-77aa-7aaa-8aaa-000000000001' }

/** As `@nickname` can name it, and never what names everybody. */
export const nickname = line(40)
  .regex(/^[^@"<>`]*$/, 'Must not contain @, quotes, angle brackets or backquotes.')
  .refine((text) => text.toLowerCase() !== 'all', 'Must not be "all", which names everybody.')

export const Member = z
  .object({
    channel_id: z.uuid(),
    user_id: z.uuid(),
    display_name: z.string(),
    is_guest: z.boolean(),
    role: z.enum(memberRoles),
    nickname: z.string().nullable().meta({ description: '`null`: they go by their display name.' }),
    joined_at: time,
    version: z.int().meta({ description: 'Of role and nickname; the ETag.' }),
  })
  .meta({ id: 'ChannelMember' })

export const listMembers = route({
  method: 'get',
  path: '/:id/members',
  operationId: 'listChannelMembers',
  role: ['viewer', 'guest'],
  summary: 'List who is in a channel',
  input: {
    param,
    query: z.object({
      ...pageQuery,
      role: z.enum(memberRoles).optional(),
      name: z.string().min(1).max(80).optional().meta({
        description: 'A part of the nickname or display name, in capitals or not.',
      }),
    }),
  },
  replies: { 200: pageOf(Member), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId, query: { limit: '10' } },
})

export const getMember = route({
  method: 'get',
  path: '/:id/members/:user_id',
  operationId: 'getChannelMember',
  role: ['viewer', 'guest'],
  summary: 'Read one member of a channel',
  input: { param: ofMember },
  replies: { 200: Member, ...failures('not_found') },
  example: { param: exampleMember },
})

export const addMember = route({
  method: 'post',
  path: '/:id/members',
  operationId: 'addChannelMember',
  role: 'viewer',
  summary: 'Add somebody to a channel',
  description: `Its owners and moderators do; owners alone add others of them. A guest becomes a member or an observer. What was
said before counts as read by whoever comes.`,
  input: { param, json: z.object({ user_id: uuid, role: z.enum(memberRoles).default('member') }) },
  replies: { 201: Member, ...failures('not_found', 'conflict', 'duplicate') },
  example: { param: exampleId, json: { user_id: '0199a1c2-77aa-7aaa-8aaa-0000000000aa' } },
})

export const changeMember = route({
  method: 'patch',
  path: '/:id/members/:user_id',
  operationId: 'changeChannelMember',
  role: ['viewer', 'guest'],
  summary: 'Give a member another role or nickname',
  description: `Owners do both; everybody gives themselves a nickname, unique in the channel. The last owner stays one until there is
another.`,
  input: {
    param: ofMember,
    json: z.object({ role: z.enum(memberRoles), nickname: nickname.nullable() }).partial(),
  },
  replies: { 200: Member, ...failures('not_found', 'conflict', 'duplicate', 'stale_version') },
  example: { param: exampleMember, json: { nickname: 'ada' } },
})

export const removeMember = route({
  method: 'delete',
  path: '/:id/members/:user_id',
  operationId: 'removeChannelMember',
  role: ['viewer', 'guest'],
  summary: 'Put somebody out of a channel',
  description: `Owners put out anybody, moderators members and observers; oneself is leaving. Also in an archived channel. What
they said stays.`,
  input: { param: ofMember },
  replies: { 204: null, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleMember },
})

export const joinChannel = route({
  method: 'post',
  path: '/:id/join',
  operationId: 'joinChannel',
  role: ['viewer', 'guest'],
  summary: 'Join a channel that is open to you',
  description: '201 for a new member, 200 for whoever is one already.',
  input: { param },
  replies: { 201: Member, 200: Member, ...failures('not_found', 'conflict') },
  example: { param: exampleId },
})

export const leaveChannel = route({
  method: 'post',
  path: '/:id/leave',
  operationId: 'leaveChannel',
  role: ['viewer', 'guest'],
  summary: 'Leave a channel',
  description: `The last owner leaves when there is another, or nobody else. A private channel that its last member leaves is
deleted with all that was said: nobody could see it again.`,
  input: { param },
  replies: {
    200: z.object({
      left: z.boolean().meta({ description: 'false: you were not in it.' }),
      channel_deleted: z.boolean(),
    }),
    ...failures('not_found', 'conflict'),
  },
  example: { param: exampleId },
})

export const toMember = (row: SeenMember): z.input<typeof Member> => ({
  channel_id: row.channelId,
  user_id: row.userId,
  display_name: row.displayName,
  is_guest: row.userRole === 'guest',
  role: row.role,
  nickname: row.nickname,
  joined_at: row.joinedAt.toISOString(),
  version: row.version,
})
