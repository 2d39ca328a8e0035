import { expect } from 'vitest'
import type { RequestBody, RequestOptions } from '../harness/requests.ts'

type Poster = {
  post(path: string, body?: RequestBody, options?: RequestOptions): Promise<Response>
  get(path: string, options?: RequestOptions): Promise<Response>
}

/** Path parameters that reach real rows, by function. */
export type Resources = Record<string, Record<string, string>>

async function created<T = Record<string, string>>(response: Response): Promise<T> {
  const body = (await response.json()) as T
  expect(response.ok, JSON.stringify(body)).toBe(true)
  return body
}

/** One row of each kind of a tenant, made through HTTP. */
export async function createResources({ post }: Poster, name: string): Promise<Resources> {
  const email = `${name}@example.com`
  const user = await created(await post('/v1/users', { email, display_name: name, role: 'viewer' }))
  const key = await created(await post('/v1/keys', { name, role: 'viewer' }))
  const document = await created(
    await post(`/v1/documents?filename=${name}.txt`, `A text of ${name}.\fIts second page.`, {
      headers: { 'content-type': 'text/plain' },
    }),
  )
  const timetable = { kind: 'reports.render', cron: '0 0 1 1 *' }
  const schedule = await created(await post('/v1/schedules', { name, ...timetable }))
  const region = { document_id: document.id, page: 1, box: [0.1, 0.1, 0.2, 0.2] }
  const annotation = await created(await post('/v1/annotations', { ...region, label_name: name }))
  await created(await post(`/v1/annotations/${annotation.id}/validate`, { validation: 'valid' }))
  const suggested = { ...region, box: [0.5, 0.5, 0.2, 0.2], label_name: name }
  const { suggestion } = await created<{ suggestion: { id: string } }>(
    await post('/v1/suggestions', suggested),
  )
  const labels = [{ name: 'total' }]
  const template = await created(await post('/v1/templates', { name, labels }))
  const asked = { name, operation: 'export', parameters: { format: 'json' } }
  const batch = await created(await post('/v1/batches', { ...asked, document_ids: [document.id] }))
  const receiver = { url: 'https://hooks.example.com/octavo', types: ['batch.completed'] }
  const webhook = await created(await post('/v1/webhooks', receiver))
  const delivery = await created(await post(`/v1/webhooks/${webhook.id}/test`))
  const share = await created(await post('/v1/shares', { document_id: document.id }))
  const file = `- { title: ${name}, sub: SE, dblp: ${name}, confs: [{ year: 2027, id: ${name}, timezone: AoE,
    timeline: [{ deadline: '2027-06-11 23:59:59' }] }] }`
  const { conferences } = await created<{ conferences: { id: string }[] }>(
    await post('/v1/conferences/import', file, { headers: { 'content-type': 'application/yaml' } }),
  )
  const subscription = await created(await post('/v1/conferences/subscriptions', { name }))
  return {
    users: { id: user.id ?? '' },
    keys: { id: key.id ?? '' },
    documents: { id: document.id ?? '', number: '1', n: '1' },
    jobs: { id: document.job_id ?? '' },
    schedules: { id: schedule.id ?? '' },
    annotations: { id: annotation.id ?? '' },
    shares: { id: share.id ?? '', token: share.token ?? '' },
    templates: { id: template.id ?? '', document_id: document.id ?? '' },
    suggestions: { id: suggestion.id },
    conferences: {
      ...{ id: conferences[0]?.id ?? '', subscription: subscription.id ?? '' },
      token: subscription.token ?? '',
    },
    batches: { id: batch.id ?? '' },
    webhooks: { id: webhook.id ?? '', delivery: delivery.id ?? '' },
  }
}
