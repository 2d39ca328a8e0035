import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { readers } from './contract.ts'
import {
  Artifact,
  ArtifactVersion,
  exampleId,
  exampleVersion,
  idParam,
  isOneOrigin,
  oneOrigin,
  originFields,
  versionParam,
} from './contract-fields.ts'

const appendMinutes = 15

export const createVersion = route({
  method: 'post',
  path: '/:id/versions',
  operationId: 'createArtifactVersion',
  role: readers,
  summary: 'Make a new version: with its content, generated, or to append to',
  description: 'As the first one is made. Earlier versions stay as they are.',
  input: { param: idParam, json: z.object(originFields).refine(isOneOrigin, oneOrigin) },
  replies: {
    201: ArtifactVersion,
    202: ArtifactVersion,
    ...failures('not_found', 'conflict', 'payload_too_large', 'stale_version'),
  },
  example: { param: exampleId, json: { content: '# Summary\n\nAll is better.\n' } },
})

export const listVersions = route({
  method: 'get',
  path: '/:id/versions',
  operationId: 'listArtifactVersions',
  role: readers,
  summary: 'List the versions of an artifact, newest first',
  input: { param: idParam, query: z.object(pageQuery) },
  replies: { 200: pageOf(ArtifactVersion), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId },
})

export const getVersion = route({
  method: 'get',
  path: '/:id/versions/:number',
  operationId: 'getArtifactVersion',
  role: readers,
  summary: 'Read where a version comes from and how far it is',
  input: { param: versionParam },
  replies: { 200: ArtifactVersion, ...failures('not_found') },
  example: { param: exampleVersion },
})

export const revertArtifact = route({
  method: 'post',
  path: '/:id/revert',
  operationId: 'revertArtifact',
  role: readers,
  summary: 'Make an earlier version the latest one',
  description:
    'As a new version with the same bytes, so that nothing of the history is lost. It must be complete.',
  input: { param: idParam, json: z.object({ number: z.int().min(1).max(2_147_483_647) }) },
  replies: { 200: Artifact, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId, json: { number: 1 } },
})

export const cancelVersion = route({
  method: 'post',
  path: '/:id/versions/:number/cancel',
  operationId: 'cancelArtifactVersion',
  role: readers,
  summary: 'End a version that is not complete',
  description: `What it has stays readable. A running generation ends within about a second; a version that callers append to
at once. Whoever made the version may, and whoever may delete the artifact. Repeating it changes nothing.`,
  input: { param: versionParam },
  replies: { 202: ArtifactVersion, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleVersion },
})

export const appendContent = route({
  method: 'patch',
  path: '/:id/versions/:number/content',
  operationId: 'appendArtifactContent',
  role: readers,
  summary: 'Append to a version, from an offset on',
  description: `The body is the bytes, as many and as slowly as you like within ${appendMinutes} minutes; each piece is
stored as it comes, and stays when the connection is cut. \`Upload-Offset\` (or \`?offset=\`) is where they begin and must be
the stored size: HEAD tells it, and so does the 409 that you get otherwise, both as \`Upload-Offset\`. Bytes that are stored
already are compared and passed over, so repeating a request is safe. \`Upload-Complete: ?1\` (or \`?complete=true\`) ends the
version with this body; text must then be valid UTF-8 as a whole, else it is a 422 and the version stays open. Only whoever
made the version appends to it. The fields are those of resumable uploads (draft-ietf-httpbis-resumable-upload).`,
  input: {
    param: versionParam,
    query: z.object({
      offset: z.coerce.number().int().min(0).max(2_147_483_647).optional(),
      complete: z.enum(['true', 'false']).optional(),
    }),
    header: z.object({
      'upload-offset': z.coerce.number().int().min(0).max(2_147_483_647).optional().meta({
        description: 'In bytes.',
        example: 0,
      }),
      'upload-complete': z.enum(['?0', '?1']).optional().meta({ example: '?1' }),
    }),
    stream: {
      mediaTypes: ['application/partial-upload', 'application/octet-stream', 'text/plain'],
      description: 'The bytes, whatever the media type says.',
    },
  },
  replies: {
    200: ArtifactVersion,
    ...failures('not_found', 'conflict', 'payload_too_large', 'stale_version'),
  },
  example: {
    param: exampleVersion,
    headers: { 'upload-offset': '0', 'upload-complete': '?1' },
    text: 'All is well.',
    description: 'These bytes are stored already: it is answered as done.',
  },
  timeoutMs: appendMinutes * 60 * 1000,
})

export const readContent = route({
  method: 'get',
  path: '/:id/versions/:number/content',
  operationId: 'readArtifactContent',
  role: readers,
  summary: 'Download the content of a version, as far as it is stored',
  description: `Takes one byte range. The ETag of a complete version is its SHA-256 and serves \`If-None-Match\` and
\`If-Range\`; before that there is none. HEAD tells \`Upload-Offset\`, the stored size, and \`Upload-Complete\`. It is always
an attachment: nothing in it runs on this origin.`,
  input: { param: versionParam },
  replies: {
    200: content('application/octet-stream', 'The content, with the media type of its artifact.'),
    206: content('application/octet-stream', 'The range asked for.'),
    ...failures('not_found', 'range_not_satisfiable'),
  },
  example: { param: exampleVersion },
  timeoutMs: null,
})

export const watchContent = route({
  method: 'get',
  path: '/:id/versions/:number/stream',
  operationId: 'streamArtifactContent',
  role: readers,
  summary: 'Follow the content of a version while it is written',
  description: `\`event: piece\` carries \`{ offset, text }\`, or \`{ offset, base64 }\` for bytes that are no text; its \`id\` is
the offset behind it (\`<offset>@<epoch>\` from the second epoch on), so that \`Last-Event-ID\` resumes without gap or repeat.
\`event: reset\` with \`{ epoch }\` says that the provider had to begin anew: forget everything, it starts at 0 again. The
stream ends with \`completed\` (\`{ size_bytes, sha256 }\`), \`failed\` (\`{ code, message }\`) or \`cancelled\`; without one of
them after 15 minutes, with deletion, or when you may not see it any more.`,
  input: {
    param: versionParam,
    header: z.object({
      'last-event-id': z
        .string()
        .regex(/^\d{1,10}(?:@\d{1,9})?$/, 'Must be the id of an event of this stream.')
        .optional(),
    }),
  },
  replies: { 200: content('text/event-stream', 'Events.'), ...failures('not_found') },
  example: { param: exampleVersion },
  timeoutMs: null,
})
