import { failures, route } from '../_shared/http/route.ts'
import { Document } from './contract.ts'
import { param } from './routes.ts'

const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000002' }

export const trashDocument = route({
  method: 'post',
  path: '/:id/trash',
  operationId: 'trashDocument',
  role: 'editor',
  summary: 'Put a document into the trash',
  description: `It leaves lists and search at once, and its share links open nothing. By its id it can still be read; what
would change it is answered 409 until it is restored. A run under way goes on. After the server's \`TRASH_DAYS\` it is
deleted for good. Doing it again changes nothing.`,
  input: { param },
  replies: { 200: Document, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const restoreDocument = route({
  method: 'post',
  path: '/:id/restore',
  operationId: 'restoreDocument',
  role: 'editor',
  summary: 'Take a document out of the trash',
  description: 'With its pages, tags, versions and annotations as they were.',
  input: { param },
  replies: { 200: Document, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})
