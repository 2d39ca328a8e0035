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

type Ids = Record<string, string>

/** What a maker of rows may ask: its caller's requests, a name of its own, and rows of another kind. */
type Making = Poster & { name: string; of: (kind: string) => Promise<Ids> }

const makers: Record<string, (making: Making) => Promise<Ids>> = {
  users: async ({ post, name }) => {
    const user = { email: `${name}@example.com`, display_name: name, role: 'viewer' }
    return onlyId(await created(await post('/v1/users', user)))
  },
  keys: async ({ post, name }) =>
    onlyId(await created(await post('/v1/keys', { name, role: 'viewer' }))),
  documents: createDocument,
  jobs: async ({ of }) => ({ id: (await of('documents')).job_id ?? '' }),
  schedules: async ({ post, name }) => {
    const timetable = { kind: 'reports.render', cron: '0 0 1 1 *' }
    return onlyId(await created(await post('/v1/schedules', { name, ...timetable })))
  },
  annotations: createAnnotation,
  suggestions: createSuggestion,
  artifacts: async ({ post, name }) => {
    const artifact = { title: name, content: 'All is well.' }
    return { ...onlyId(await created(await post('/v1/artifacts', artifact))), number: '1' }
  },
  shares: async ({ post, of }) => {
    const { id: document_id } = await of('documents')
    const { id = '', token = '' } = await created(await post('/v1/shares', { document_id }))
    return { id, token }
  },
  channels: createChannel,
  games: async ({ post, of }) => {
    const { id: channel_id } = await of('channels')
    return onlyId(await created(await post('/v1/games', { channel_id, rules: 'reversi' })))
  },
  messages: createMessage,
  templates: async ({ post, name, of }) => {
    const template = { name, labels: [{ name: 'total' }] }
    const { id: document_id = '' } = await of('documents')
    return { ...onlyId(await created(await post('/v1/templates', template))), document_id }
  },
  conferences: importConference,
  places: async ({ post, name, of }) => {
    const place = { name, longitude: 0, latitude: 0 }
    const { id: document_id = '' } = await of('documents')
    const ids = onlyId(await created(await post('/v1/places', place)))
    return { ...ids, document_id, suggestion: crypto.randomUUID() }
  },
  batches: async ({ post, name, of }) => {
    const asked = { name, operation: 'export', parameters: { format: 'json' } }
    const { id = '' } = await of('documents')
    return onlyId(await created(await post('/v1/batches', { ...asked, document_ids: [id] })))
  },
  webhooks: createWebhook,
  audit: async ({ get, of }) => {
    await of('keys')
    const told = await created<{ items: Ids[] }>(await get('/v1/audit?limit=1'))
    return onlyId(told.items[0] ?? {})
  },
}

const onlyId = ({ id = '' }: Ids): Ids => ({ id })

/**
 * Rows of a tenant, made through HTTP.
 * @param kinds of which functions; others are made as far as these need them. Default: one row of each kind
 */
export async function createResources(
  { post, get }: Poster,
  name: string,
  kinds: Iterable<string> = Object.keys(makers),
): Promise<Resources> {
  const made: Resources = {}
  const making: Making = { post, get, name, of }
  async function of(kind: string): Promise<Ids> {
    made[kind] ??= (await makers[kind]?.(making)) ?? {}
    return made[kind]
  }
  for (const kind of kinds) await of(kind)
  return made
}

async function createDocument({ post, name }: Making) {
  const text = `A text of ${name}.\fIts second page.`
  const headers = { 'content-type': 'text/plain' }
  const path = `/v1/documents?filename=${name}.txt`
  const { id = '', job_id = '' } = await created(await post(path, text, { headers }))
  return { id, job_id, number: '1', n: '1' }
}

async function regionOf({ of, name }: Making) {
  const { id: document_id } = await of('documents')
  return { document_id, page: 1, label_name: name }
}

async function createAnnotation(making: Making) {
  const region = { ...(await regionOf(making)), box: [0.1, 0.1, 0.2, 0.2] }
  const { id = '' } = await created(await making.post('/v1/annotations', region))
  await created(await making.post(`/v1/annotations/${id}/validate`, { validation: 'valid' }))
  return { id }
}

async function createSuggestion(making: Making) {
  const region = { ...(await regionOf(making)), box: [0.5, 0.5, 0.2, 0.2] }
  const reply = await making.post('/v1/suggestions', region)
  return onlyId((await created<{ suggestion: Ids }>(reply)).suggestion)
}

async function createMessage({ post, name, of }: Making) {
  const { id: document_id = '' } = await of('documents')
  const { id: channel_id = '' } = await of('channels')
  const said = { channel_id, text: `Of ${name}.`, document_ids: [document_id] }
  const { id = '' } = await created(await post('/v1/messages', said))
  return { id, document_id, channel_id, emoji: encodeURIComponent('👍') }
}

async function createWebhook({ post }: Making) {
  const receiver = { url: 'https://hooks.example.com/octavo', types: ['batch.completed'] }
  const { id = '' } = await created(await post('/v1/webhooks', receiver))
  const delivery = await created(await post(`/v1/webhooks/${id}/test`))
  return { id, delivery: delivery.id ?? '' }
}

/** A conference, and a link to calendars. */
async function importConference({ post, name }: Making) {
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

async function createChannel({ post, name }: Making) {
  const { id = '', created_by = '' } = await created(await post('/v1/channels', { name }))
  const invite = await created(await post(`/v1/channels/${id}/invites`, { allow_guests: true }))
  return { id, user_id: created_by, invite_id: invite.id ?? '', token: invite.token ?? '' }
}
