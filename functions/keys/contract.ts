import * as z from 'zod'
import { roles } from '../../db/schema/index.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

const RoleName = z.enum(roles)
const ExpiresAt = z.iso
  .datetime({ offset: true })
  .meta({ description: 'RFC 3339, in the future.', example: '2030-01-31T12:00:00Z' })

// A week is enough to roll a key out; a longer overlap is a second key.
const overlapSecondsMax = 7 * 24 * 60 * 60

export const Key = z
  .object({
    id: z.uuid(),
    user_id: z.uuid(),
    name: z.string(),
    role: RoleName.meta({ description: "The most it may do; never more than its user's role." }),
    created_by_user_id: z.uuid().nullable().meta({ description: '`null`: the command line.' }),
    replaced_by_key_id: z.uuid().nullable().meta({ description: 'The key it was rotated to.' }),
    expires_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
    version: z.int().meta({ description: 'Grows by one with every change; the ETag.', example: 1 }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'Key', description: 'An API key, without its secret.' })

export const IssuedKey = z
  .object({
    ...Key.shape,
    key: z.string().nullable().meta({
      description: 'The credential. Shown in this reply only: a replay carries `null`.',
    }),
    hint: z.string().optional(),
  })
  .meta({ id: 'IssuedKey', description: 'A new API key, with its secret.' })

// An enumeration, so that the reference names both words.
const Flag = z.enum(['true', 'false']).transform((word) => word === 'true')

const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000002' }

export const createKey = route({
  method: 'post',
  path: '/',
  operationId: 'createKey',
  role: 'viewer',
  summary: 'Create an API key',
  description:
    'For oneself, or as an admin for any user of the tenant. Its role never exceeds that of its user, nor that of the calling key.',
  input: {
    json: z.object({
      name: z.string().trim().min(1).max(120).meta({ example: 'scanner in the hall' }),
      role: RoleName,
      user_id: z.uuid().toLowerCase().optional().meta({ description: 'Default: the caller.' }),
      expires_at: ExpiresAt.nullable().optional().meta({ description: 'Default: never.' }),
    }),
  },
  replies: { 201: IssuedKey },
  secretFields: ['key'],
  example: { json: { name: 'scanner in the hall', role: 'viewer' } },
})

export const listKeys = route({
  method: 'get',
  path: '/',
  operationId: 'listKeys',
  role: 'viewer',
  summary: 'List API keys, oldest first',
  description: 'Admins see those of the tenant, everybody else their own.',
  input: {
    query: z.object({
      ...pageQuery,
      user_id: z.uuid().toLowerCase().optional(),
      active: Flag.optional().meta({
        description: 'Neither revoked nor expired, or the opposite.',
      }),
    }),
  },
  replies: { 200: pageOf(Key), ...failures('invalid_cursor') },
  example: { query: { active: 'true' } },
})

export const getKey = route({
  method: 'get',
  path: '/:id',
  operationId: 'getKey',
  role: 'viewer',
  summary: 'Read an API key',
  input: { param },
  replies: { 200: Key, ...failures('not_found') },
  example: { param: exampleId },
})

export const rotateKey = route({
  method: 'post',
  path: '/:id/rotate',
  operationId: 'rotateKey',
  role: 'viewer',
  summary: 'Replace an API key by a new one',
  description:
    'The new key has the name, the user, the role and, unless another is given, the expiry of the old one, which stops working after the overlap.',
  input: {
    param,
    json: z.object({
      overlap_seconds: z.int().min(0).max(overlapSecondsMax).default(0).meta({
        description: 'How long both keys work.',
        example: 3600,
      }),
      expires_at: ExpiresAt.nullable().optional(),
    }),
  },
  replies: { 201: IssuedKey, ...failures('not_found', 'conflict', 'stale_version') },
  secretFields: ['key'],
  example: { param: exampleId, json: { overlap_seconds: 3600 } },
})

export const revokeKey = route({
  method: 'delete',
  path: '/:id',
  operationId: 'revokeKey',
  role: 'viewer',
  summary: 'Revoke an API key',
  description: 'It stops working within a second. Revoking it again changes nothing.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})
