import * as z from 'zod'
import { artifactStatuses } from '../../db/schema/artifacts.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import {
  Artifact,
  exampleId,
  idParam,
  isOneOrigin,
  mediaType,
  NewArtifact,
  oneOrigin,
  originFields,
  title,
} from './contract-fields.ts'

/** Guests see what is in their channels, and nothing else. */
export const readers = ['viewer', 'guest'] as const

export const createArtifact = route({
  method: 'post',
  path: '/',
  operationId: 'createArtifact',
  role: readers,
  summary: 'Make an artifact: with its content, generated, or to append to',
  description: `With \`content\` the first version is complete at once. With \`generate\` a job writes it (202): follow its
stream. With neither, a program appends to it in as many requests as it likes. In a channel, whoever may write messages
there may do it; without one, editors. Guests generate nothing. What is of a message is in its channel.`,
  input: {
    json: z
      .object({
        title,
        media_type: mediaType.default('text/markdown'),
        channel_id: z.uuid().toLowerCase().optional(),
        message_id: z.uuid().toLowerCase().optional(),
        document_id: z.uuid().toLowerCase().optional(),
        ...originFields,
      })
      .refine(isOneOrigin, oneOrigin),
  },
  replies: {
    201: NewArtifact,
    202: NewArtifact,
    ...failures('not_found', 'conflict', 'payload_too_large'),
  },
  example: {
    json: { title: 'Summary of the report', content: '# Summary\n\nAll is well.\n' },
  },
})

export const listArtifacts = route({
  method: 'get',
  path: '/',
  operationId: 'listArtifacts',
  role: readers,
  summary: 'List artifacts, newest first',
  input: {
    query: z.object({
      ...pageQuery,
      channel_id: z.uuid().toLowerCase().optional(),
      message_id: z.uuid().toLowerCase().optional(),
      document_id: z.uuid().toLowerCase().optional(),
      created_by: z.uuid().toLowerCase().optional(),
      status: z.enum(artifactStatuses).optional().meta({ description: 'Of the latest version.' }),
      model: z.string().min(1).max(200).optional().meta({ description: 'Of the latest version.' }),
    }),
  },
  replies: { 200: pageOf(Artifact), ...failures('not_found', 'invalid_cursor') },
  example: { query: { status: 'completed', limit: '10' } },
})

export const getArtifact = route({
  method: 'get',
  path: '/:id',
  operationId: 'getArtifact',
  role: readers,
  summary: 'Read an artifact',
  input: { param: idParam },
  replies: { 200: Artifact, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeArtifact = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeArtifact',
  role: readers,
  summary: 'Rename an artifact',
  input: { param: idParam, json: z.object({ title }) },
  replies: { 200: Artifact, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId, json: { title: 'Summary, final' } },
})

export const deleteArtifact = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteArtifact',
  role: readers,
  summary: 'Delete an artifact with all its versions',
  description: `Whoever made it may, an owner or moderator of its channel, and an admin where that is no private or direct
one. What is being generated is cancelled. The audit log keeps that it was deleted.`,
  input: { param: idParam },
  replies: { 204: null, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId },
})
