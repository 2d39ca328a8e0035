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
export async function createResources({ post, get }: Poster, name: string): Promise<Resources> {
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
  const template = await created(await post('/v1/templates', { name, labels: [{ name: 'total' }] }))
  const asked = { name, operation: 'export', parameters: { format: 'json' } }
  const batch = await created(await post('/v1/batches', { ...asked, document_ids: [document.id] }))
  const share = await created(await post('/v1/shares', { document_id: document.id }))
  const told = await created<{ items: { id: string }[] }>(await get('/v1/audit?limit=1'))
  const artifact = await created(
    await post('/v1/artifacts', { title: name, content: 'All is well.' }),
  )
  const channel = await createChannel({ post }, name)
  const said = { channel_id: channel.id, text: `Of ${name}.`, document_ids: [document.id] }
  const message = await created(await post('/v1/messages', said))
  const game = await created(await post('/v1/games', { channel_id: channel.id, rules: 'reversi' }))
  const shown = { document_id: document.id ?? '', channel_id: channel.id ?? '' }
  return {
    users: { id: user.id ?? '' },
    keys: { id: key.id ?? '' },
    documents: { id: document.id ?? '', number: '1', n: '1' },
    jobs: { id: document.job_id ?? '' },
    schedules: { id: schedule.id ?? '' },
    annotations: { id: annotation.id ?? '' },
    artifacts: { id: artifact.id ?? '', number: '1' },
    shares: { id: share.id ?? '', token: share.token ?? '' },
    channels: channel,
    games: { id: game.id ?? '' },
    messages: { id: message.id ?? '', ...shown, emoji: encodeURIComponent('👍') },
    templates: { id: template.id ?? '', document_id: document.id ?? '' },
    suggestions: { id: suggestion.id },
    conferences: await importConference({ post }, name),
    places: await createPlace({ post }, name, document.id),
    batches: { id: batch.id ?? '' },
    webhooks: await createWebhook({ post }),
    audit: { id: told.items[0]?.id ?? '' },
  }
}

async function createWebhook({ post }: Pick<Poster, 'post'>) {
  const receiver = { url: 'https://hooks.example.com/octavo', types: ['batch.completed'] }
  const { id = '' } = await created(await post('/v1/webhooks', receiver))
  const delivery = await created(await post(`/v1/webhooks/${id}/test`))
  return { id, delivery: delivery.id ?? '' }
}

async function createPlace({ post }: Pick<Poster, 'post'>, name: string, documentId = '') {
  const { id = '' } = await created(await post('/v1/places', { name, longitude: 0, latitude: 0 }))
  return { id, document_id: documentId }
}

/** A conference, and a link to calendars. */
async function importConference({ post }: Pick<Poster, 'post'>, name: string) {
  const file = `- { title: ${name}, sub: SE, dblp: ${name}, confs: [{ year: 2027, id: ${name}, timezone: AoE,
    timeline: [{ deadline: '2027-06-11 23:59:59' }] }] }`
  const headers = { 'content-type': 'application/yaml' }
  const { conferences } = await created<{ conferences: { id: string }[] }>(
    await post('/v1/conferences/import', file, { headers }),
  )
  const subscription = await created(await post('/v1/conferences/subscriptions', { name }))
  const ids = { id: conferences[0]?.id ?? '', subscription: subscription.id ?? '' }
  return { ...ids, token: subscription.token ?? '' }
}

async function createChannel({ post }: Pick<Poster, 'post'>, name: string) {
  const { id = '', created_by = '' } = await created(await post('/v1/channels', { name }))
  const invite = await created(await post(`/v1/channels/${id}/invites`, { allow_guests: true }))
  return { id, user_id: created_by, invite_id: invite.id ?? '', token: invite.token ?? '' }
}
