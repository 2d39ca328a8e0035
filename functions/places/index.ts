import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { AppError } from '../_shared/http/problems.ts'
import { failures, reply, route } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { findTenantName } from './queries.ts'

const Places = z
  .object({
    tenant_name: z.string().meta({ description: 'Name of your tenant.', example: 'Acme' }),
    time: z.iso.datetime().meta({ example: '2026-11-20T08:00:00.000Z' }),
  })
  .meta({ id: 'Places' })

const readPlaces = route({
  method: 'get',
  path: '/',
  operationId: 'readPlaces',
  role: 'viewer',
  summary: 'Read what places knows',
  replies: { 200: Places, ...failures('not_found') },
})

/** Say here in one sentence what places is for. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'places', summary: 'Say here in one sentence what places is for.' }).on(
    readPlaces,
    async (c) => {
      const tenantName = await findTenantName(deps.db, c.tenantId)
      if (tenantName === null) throw new AppError('not_found', 'There is nothing here.')
      return reply(200, { tenant_name: tenantName, time: deps.now().toISOString() })
    },
  )

export type PlacesApp = ClientApp<ReturnType<typeof createApp>>
