import { count, eq } from 'drizzle-orm'
import * as z from 'zod'
import { blobs } from '../../../db/schema/documents.ts'
import type { Deps } from '../ports/deps.ts'
import { newApp } from './app.ts'
import { requireVersion } from './call.ts'
import { AppError } from './problems.ts'
import { content, failures, reply, route } from './route.ts'
import { eventStream, pause } from './sse.ts'

/** A small function that shows every behaviour of the kit; only its tests use it. */

const Widget = z.object({ name: z.string().max(20), size: z.number().int() }).meta({ id: 'Widget' })

const getWidget = route({
  method: 'get',
  path: '/:id',
  operationId: 'getWidget',
  role: 'viewer',
  summary: 'Get a widget',
  input: { param: z.object({ id: z.uuid() }) },
  replies: { 200: Widget, ...failures('not_found') },
})

const readMe = route({
  method: 'get',
  path: '/me',
  operationId: 'getOwnWidget',
  role: 'any',
  summary: 'Get the own widget',
  replies: { 200: z.object({ role: z.string() }) },
})

const listWidgets = route({
  method: 'get',
  path: '/',
  operationId: 'listWidgets',
  role: 'viewer',
  summary: 'List widgets',
  input: { query: z.object({ limit: z.coerce.number().int().max(9).optional() }) },
  replies: { 200: z.object({ limit: z.number().nullable() }) },
})

const createWidget = route({
  method: 'post',
  path: '/',
  operationId: 'createWidget',
  role: 'editor',
  summary: 'Create a widget',
  input: { json: Widget },
  replies: { 201: z.object({ stored: z.int(), key: z.string().nullable() }) },
  secretFields: ['key'],
})

const patchWidget = route({
  method: 'patch',
  path: '/:id',
  operationId: 'patchWidget',
  role: 'editor',
  summary: 'Change a widget',
  input: { param: z.object({ id: z.uuid() }), json: Widget },
  replies: { 200: Widget, ...failures('stale_version') },
})

const uploadWidget = route({
  method: 'post',
  path: '/bytes',
  operationId: 'uploadWidget',
  role: 'editor',
  summary: 'Upload a widget',
  input: { stream: { mediaTypes: ['application/octet-stream'], description: 'Bytes.' } },
  replies: { 201: z.object({ bytes: z.int() }) },
})

const misbehave = route({
  method: 'post',
  path: '/misbehave/:how',
  operationId: 'misbehave',
  role: 'editor',
  summary: 'Fail in a given way',
  input: { param: z.object({ how: z.enum(['throw', 'hang', 'constraint', 'conflict', 'text']) }) },
  replies: { 200: content('text/plain', 'Never.') },
})

const watchWidgets = route({
  method: 'get',
  path: '/events',
  operationId: 'watchWidgets',
  role: 'viewer',
  summary: 'Follow widgets for good',
  replies: { 200: content('text/event-stream', 'Events.') },
  timeoutMs: null,
})

const ping = route({
  method: 'get',
  path: '/ping',
  operationId: 'ping',
  role: 'public',
  summary: 'Answer anybody',
  replies: { 204: null },
  atRoot: true,
})

type WidgetHooks = { beforeReply?: () => Promise<void> }

export const createWidgets =
  (hooks: WidgetHooks = {}) =>
  (deps: Deps) =>
    newApp(deps, { name: 'widgets', summary: 'A function to test the kit with.' })
      .on(getWidget, async (_, { param }) =>
        reply(200, { name: param.id, size: 1 }, { version: 3 }),
      )
      .on(readMe, async (c) => reply(200, { role: c.identity?.role ?? '' }))
      .on(listWidgets, async (_, { query }) => reply(200, { limit: query.limit ?? null }))
      .on(createWidget, (c, { json }) =>
        c.write(async (tx) => {
          const own = eq(blobs.tenantId, c.tenantId)
          await tx.insert(blobs).values({
            tenantId: c.tenantId,
            sha256: crypto.getRandomValues(new Uint8Array(32)),
            storageKey: json.name,
            bytes: json.size,
          })
          await hooks.beforeReply?.()
          const [row] = await tx.select({ stored: count() }).from(blobs).where(own)
          return reply(201, { stored: row?.stored ?? 0, key: 'shown once' })
        }),
      )
      .on(patchWidget, async (c, { json }) => {
        requireVersion(c, 3)
        return reply(200, json, { version: 4 })
      })
      .on(uploadWidget, async (c) => {
        const bytes = new Uint8Array(await c.request.arrayBuffer())
        const fingerprint = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
        return c.write(async () => reply(201, { bytes: bytes.length }), { fingerprint })
      })
      .on(misbehave, async (c, { param }) => {
        if (param.how === 'hang') await new Promise(() => undefined)
        if (param.how === 'throw') throw new Error('select secret from hidden')
        if (param.how === 'conflict') throw new AppError('conflict', 'Taken.')
        if (param.how === 'constraint')
          await deps.db.insert(blobs).values({
            tenantId: c.tenantId,
            sha256: new Uint8Array(3),
            storageKey: 'secret value',
            bytes: 1,
          })
        return new Response('never')
      })
      .on(watchWidgets, async (c) =>
        eventStream(c, async function* (signal) {
          yield { event: 'open', data: null }
          while (!signal.aborted) await pause(60_000, signal)
        }),
      )
      .on(ping, async () => reply(204, null))
