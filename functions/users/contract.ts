import * as z from 'zod'
import { roles } from '../../db/schema/index.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

const Email = z
  .email()
  .max(254)
  .transform((email) => email.toLowerCase())
  .meta({ description: 'Kept in lower case; unique in the tenant.', example: 'ada@example.org' })
const DisplayName = z
  .string()
  .trim()
  .min(1)
  .max(120)
  .meta({ description: 'What others see.', example: 'Ada Lovelace' })
const RoleName = z.enum(roles).meta({ description: 'The most that a key of this user may do.' })

export const User = z
  .object({
    id: z.uuid(),
    email: z
      .string()
      .nullable()
      .meta({ description: 'Lower case; a guest may have none.', example: 'ada@example.org' }),
    display_name: z.string(),
    role: RoleName,
    disabled: z.boolean().meta({ description: 'No key of a disabled user works.' }),
    deletion_job_id: z.uuid().nullable().meta({ description: 'The job that deletes them.' }),
    version: z.int().meta({ description: 'Grows by one with every change; the ETag.', example: 1 }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'User', description: 'A person or program of a tenant.' })

export const Me = z
  .object({
    ...User.shape,
    tenant_id: z.uuid(),
    key_id: z.uuid().meta({ description: 'The key of this request.' }),
    key_role: RoleName.meta({ description: 'What this key may do.' }),
    is_operator: z.boolean().meta({ description: "Is this the operator's tenant?" }),
  })
  .meta({ id: 'Me', description: 'The caller.' })

// An enumeration, so that the reference names both words.
const Flag = z.enum(['true', 'false']).transform((word) => word === 'true')

const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000001' }

export const createUser = route({
  method: 'post',
  path: '/',
  operationId: 'createUser',
  role: 'admin',
  summary: 'Create a user',
  description:
    'A `guest` sees the channels that they are a member of, and nothing else; they alone need no email. Their keys carry no other role.',
  input: {
    json: z.object({
      email: Email.nullable().optional(),
      display_name: DisplayName,
      role: RoleName,
    }),
  },
  replies: { 201: User, ...failures('duplicate') },
  example: { json: { email: 'ada@example.org', display_name: 'Ada Lovelace', role: 'editor' } },
})

export const listUsers = route({
  method: 'get',
  path: '/',
  operationId: 'listUsers',
  role: 'viewer',
  summary: 'List users, oldest first',
  input: {
    query: z.object({
      ...pageQuery,
      role: z.enum(roles).optional(),
      disabled: Flag.optional(),
      email: Email.optional(),
    }),
  },
  replies: { 200: pageOf(User), ...failures('invalid_cursor') },
  example: { query: { limit: '2', role: 'admin' } },
})

export const getMe = route({
  method: 'get',
  path: '/me',
  operationId: 'getMe',
  role: 'any',
  summary: 'Who am I, and what may this key do?',
  replies: { 200: Me },
})

export const getUser = route({
  method: 'get',
  path: '/:id',
  operationId: 'getUser',
  role: 'viewer',
  summary: 'Read a user',
  input: { param },
  replies: { 200: User, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeUser = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeUser',
  role: 'admin',
  summary: 'Rename, change email or role, disable or enable',
  description:
    "A tenant keeps at least one active admin, and everybody but guests has an email. Keys follow their user's role within a second. Of a disabled user no key works, open streams end and share links open nothing, within a second too; what they queued or scheduled for the tenant (jobs, batches, schedules, webhooks) goes on.",
  input: {
    param,
    json: z
      .object({
        email: Email.nullable(),
        display_name: DisplayName,
        role: RoleName,
        disabled: z.boolean(),
      })
      .partial(),
  },
  replies: { 200: User, ...failures('not_found', 'conflict', 'duplicate', 'stale_version') },
  example: { param: exampleId, json: { display_name: 'Ada King' } },
})

export const UserDeletion = z
  .object({ job_id: z.uuid(), urls: z.object({ job: z.string() }) })
  .meta({ id: 'UserDeletion', description: 'The job that deletes a user.' })

export const deleteUser = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteUser',
  role: 'admin',
  summary: 'Delete a user with their documents, or hand these on',
  description:
    'Their keys, documents with all that belongs to them, share links and invites are deleted; `transfer_to` names another active user, who gets the documents and share links instead. They are out of all channels and games. Schedules go on in the name of that user, or of whoever deletes. What was said and marked stays, with the id of who is gone. 204: all is done. 202: there are many documents; the user is disabled, and a job deletes them, them last. Whatever ends in between, a repetition goes on with it.',
  input: { param, query: z.object({ transfer_to: z.uuid().toLowerCase().optional() }) },
  replies: {
    202: UserDeletion,
    204: null,
    ...failures('not_found', 'conflict', 'stale_version'),
  },
  example: { param: exampleId },
})
