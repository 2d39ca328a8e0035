import * as z from 'zod'
import { line } from '../_shared/http/lines.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { Channel, exampleId, param, time, uuid } from './contract.ts'
import { Member } from './contract-members.ts'
import type { InviteRow } from './invite-queries.ts'

const daySeconds = 86_400
export const lifetimeSeconds = { min: 60, max: 366 * daySeconds, default: 7 * daySeconds }
const guestSeconds = { min: 60, max: 366 * daySeconds, default: 30 * daySeconds }
const usesBounds = { max: 10_000, default: 100 }
const ofInvite = param.extend({ invite_id: uuid })
const exampleInvite = { ...exampleId, invite_id: '0199a1c2-77aa-7aaa-8aaa-000000000012' }
const exampleToken = `oct_${'0'.repeat(32)}_${'1'.repeat(96)}`
const nowhere = `An invite that is unknown, revoked, expired or used up, or whose maker may no longer give it: each answers the same
404. Failures alone are limited.`

const invite = {
  id: z.uuid(),
  channel_id: z.uuid(),
  role: z.enum(['member', 'observer']).meta({ description: 'Of whoever comes by it.' }),
  allow_guests: z.boolean(),
  guest_key_seconds: z.int().meta({ description: 'How long the key of a guest lasts.' }),
  uses_max: z.int().nullable().meta({ description: '`null`: any number of times.' }),
  uses: z.int(),
  expires_at: time,
  created_by: z.uuid(),
  created_at: time,
}
const Invite = z.object(invite).meta({ id: 'ChannelInvite', description: 'Without its secret.' })
const NewInvite = z
  .object({ ...invite, token: z.string().nullable().meta({ description: 'Shown once.' }) })
  .meta({ id: 'NewChannelInvite' })

export const createInvite = route({
  method: 'post',
  path: '/:id/invites',
  operationId: 'createChannelInvite',
  role: 'viewer',
  summary: 'Make an invite to a channel',
  description: `Its owners and moderators do. The token is passed on as one likes, and opens nothing any more when its maker is none of
them or disabled. With \`allow_guests\` people without a user of the tenant come in, who see this channel alone; such an invite
has a number of uses.`,
  input: {
    param,
    json: z
      .object({
        role: z.enum(['member', 'observer']).default('member'),
        allow_guests: z.boolean().default(false),
        guest_key_seconds: z
          .int()
          .min(guestSeconds.min)
          .max(guestSeconds.max)
          .default(guestSeconds.default)
          .meta({ description: 'How long the key of a guest lasts; 30 days if not given.' }),
        uses_max: z
          .int()
          .min(1)
          .max(usesBounds.max)
          .nullable()
          .default(usesBounds.default)
          .meta({ description: '`null`: any number, of people of the tenant.' }),
        expires_in_seconds: z
          .int()
          .min(lifetimeSeconds.min)
          .max(lifetimeSeconds.max)
          .default(lifetimeSeconds.default),
      })
      .refine(({ allow_guests, uses_max }) => !allow_guests || uses_max !== null, {
        path: ['uses_max'],
        error: 'An invite for guests has a number of uses.',
      }),
  },
  replies: { 201: NewInvite, ...failures('not_found', 'conflict') },
  example: { param: exampleId, json: { allow_guests: true, uses_max: 5 } },
  secretFields: ['token'],
})

export const listInvites = route({
  method: 'get',
  path: '/:id/invites',
  operationId: 'listChannelInvites',
  role: 'viewer',
  summary: 'List the invites to a channel, newest first',
  description:
    'For its owners and moderators. Those that are used up or expired stay until they are revoked.',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(Invite), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId, query: { limit: '10' } },
})

export const getInvite = route({
  method: 'get',
  path: '/:id/invites/:invite_id',
  operationId: 'getChannelInvite',
  role: 'viewer',
  summary: 'Read an invite, without its secret',
  input: { param: ofInvite },
  replies: { 200: Invite, ...failures('not_found') },
  example: { param: exampleInvite },
})

export const revokeInvite = route({
  method: 'delete',
  path: '/:id/invites/:invite_id',
  operationId: 'revokeChannelInvite',
  role: 'viewer',
  summary: 'Revoke an invite',
  description: 'Nobody comes by it from the reply on; who came stays.',
  input: { param: ofInvite },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleInvite },
})

const token = z.string().max(200).meta({ description: 'Of the invite.' })

export const acceptInvite = route({
  method: 'post',
  path: '/invites/accept',
  operationId: 'acceptChannelInvite',
  role: ['viewer', 'guest'],
  summary: 'Join a channel by an invite',
  description: `Whoever is in it already stays what they are, and uses nothing up. ${nowhere}`,
  input: { json: z.object({ token }) },
  replies: {
    200: z.object({ channel: Channel, member: Member }),
    ...failures('not_found', 'conflict'),
  },
  example: { json: { token: exampleToken } },
})

export const acceptAsGuest = route({
  method: 'post',
  path: '/invites/accept-as-guest',
  operationId: 'acceptChannelInviteAsGuest',
  role: 'public',
  summary: 'Come into a channel as a guest, without a key',
  description: `Makes a user who is in this channel alone, with a key of the role \`guest\` that ends by itself. ${nowhere}`,
  input: { json: z.object({ token, display_name: line(80).meta({ example: 'Ada of Acme' }) }) },
  replies: {
    201: z.object({
      user_id: z.uuid(),
      key: z.string().meta({ description: 'Shown once.' }),
      key_expires_at: time,
      channel: Channel,
      member: Member,
    }),
    ...failures('not_found', 'conflict'),
  },
  example: { json: { token: exampleToken, display_name: 'Ada of Acme' } },
})

export const toInvite = (row: InviteRow): z.input<typeof Invite> => ({
  id: row.id,
  channel_id: row.channelId,
  role: row.role === 'observer' ? 'observer' : 'member',
  allow_guests: row.allowGuests,
  guest_key_seconds: row.guestSeconds,
  uses_max: row.usesMax,
  uses: row.uses,
  expires_at: row.expiresAt.toISOString(),
  created_by: row.createdByUserId,
  created_at: row.createdAt.toISOString(),
})
