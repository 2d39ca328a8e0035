import { hc } from 'hono/client'
import type { AnnotationsApp } from '../functions/annotations/index.ts'
import type { ArtifactsApp } from '../functions/artifacts/index.ts'
import type { AuditApp } from '../functions/audit/index.ts'
import type { BatchesApp } from '../functions/batches/index.ts'
import type { ChannelsApp } from '../functions/channels/index.ts'
import type { ConferencesApp } from '../functions/conferences/index.ts'
import type { DocsApp } from '../functions/docs/index.ts'
import type { DocumentsApp } from '../functions/documents/index.ts'
import type { GamesApp } from '../functions/games/index.ts'
import type { HealthApp } from '../functions/health/index.ts'
import type { JobsApp } from '../functions/jobs/index.ts'
import type { KeysApp } from '../functions/keys/index.ts'
import type { LogsApp } from '../functions/logs/index.ts'
import type { MessagesApp } from '../functions/messages/index.ts'
import type { PlacesApp } from '../functions/places/index.ts'
import type { ReviewApp } from '../functions/review/index.ts'
import type { SchedulesApp } from '../functions/schedules/index.ts'
import type { SearchApp } from '../functions/search/index.ts'
import type { SharesApp } from '../functions/shares/index.ts'
import type { SuggestionsApp } from '../functions/suggestions/index.ts'
import type { TemplatesApp } from '../functions/templates/index.ts'
import type { UsersApp } from '../functions/users/index.ts'
import type { WebhooksApp } from '../functions/webhooks/index.ts'
import { withTimeout } from './timeout.ts'

export { OctavoProblem } from './problem.ts'
export { type BodyOf, unwrap } from './unwrap.ts'

export type ClientOptions = {
  /** Where Octavo answers. @example 'http://127.0.0.1:8080' */
  baseUrl: string
  /** An API key (`oct_...`). Without one only what is public answers. */
  key?: string
  /** Milliseconds until a reply must have begun. Default 30,000: a little above the server's own limit. */
  timeoutMs?: number
  /** What sends the requests. Default: the global `fetch`. */
  fetch?: typeof fetch
}

const timeoutMsDefault = 30_000

/**
 * One typed client per function, each at its path below `/v1`.
 * @example
 * const octavo = createClient({ baseUrl: 'http://127.0.0.1:8080', key })
 * const { items } = await unwrap(octavo.users.$get({ query: { role: 'admin' } }))
 */
export function createClient({ baseUrl, key, timeoutMs, fetch: send }: ClientOptions) {
  const options = {
    headers: key === undefined ? {} : { Authorization: `Bearer ${key}` },
    fetch: withTimeout(send ?? fetch, timeoutMs ?? timeoutMsDefault),
  }
  return {
    documents: hc<DocumentsApp>(baseUrl, options).v1.documents,
    users: hc<UsersApp>(baseUrl, options).v1.users,
    keys: hc<KeysApp>(baseUrl, options).v1.keys,
    shares: hc<SharesApp>(baseUrl, options).v1.shares,
    search: hc<SearchApp>(baseUrl, options).v1.search,
    jobs: hc<JobsApp>(baseUrl, options).v1.jobs,
    schedules: hc<SchedulesApp>(baseUrl, options).v1.schedules,
    templates: hc<TemplatesApp>(baseUrl, options).v1.templates,
    annotations: hc<AnnotationsApp>(baseUrl, options).v1.annotations,
    suggestions: hc<SuggestionsApp>(baseUrl, options).v1.suggestions,
    review: hc<ReviewApp>(baseUrl, options).v1.review,
    batches: hc<BatchesApp>(baseUrl, options).v1.batches,
    webhooks: hc<WebhooksApp>(baseUrl, options).v1.webhooks,
    messages: hc<MessagesApp>(baseUrl, options).v1.messages,
    games: hc<GamesApp>(baseUrl, options).v1.games,
    channels: hc<ChannelsApp>(baseUrl, options).v1.channels,
    audit: hc<AuditApp>(baseUrl, options).v1.audit,
    artifacts: hc<ArtifactsApp>(baseUrl, options).v1.artifacts,
    conferences: hc<ConferencesApp>(baseUrl, options).v1.conferences,
    places: hc<PlacesApp>(baseUrl, options).v1.places,
    logs: hc<LogsApp>(baseUrl, options).v1.logs,
    health: hc<HealthApp>(baseUrl, options).v1.health,
    docs: hc<DocsApp>(baseUrl, options),
  }
}

export type OctavoClient = ReturnType<typeof createClient>
