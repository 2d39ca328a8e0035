import { expect } from 'vitest'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

export type Suggestion = {
  id: string
  page: number
  box: number[]
  label_name: string
  value: string | null
  state: string
  annotation_id: string | null
  version: number
}
export type Annotation = {
  id: string
  document_id: string
  box: number[]
  value: string | null
  validation: string
  validated_by: string | null
  source: string
}
export type Proposed = {
  verdict: string
  suggestion: Suggestion | null
  annotation_id: string | null
}
type Page = { items: Suggestion[]; next_cursor: string | null }

export const box = [0.1, 0.2, 0.3, 0.05]

/** A document of two pages, and what one does with suggestions on it. */
export async function suggesting() {
  const world = await setup(createApp)
  const { db, tenant, post, get } = world
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['One.', 'Two.'] })
  const region = { document_id: documentId, page: 1, box, label_name: 'total' }
  const propose = async (fields: object = {}) => {
    const reply = await post('/', { ...region, ...fields })
    expect([200, 201]).toContain(reply.status)
    return bodyOf<Proposed>(reply)
  }
  const suggest = async (fields: object = {}) => {
    const { suggestion } = await propose(fields)
    if (!suggestion) throw new Error('nothing was suggested')
    return suggestion
  }
  const list = async (query = '') =>
    (await bodyOf<Page>(await get(`/?document_id=${documentId}${query}`))).items
  return { ...world, owner, documentId, region, propose, suggest, list }
}
