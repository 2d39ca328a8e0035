import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { AppError } from '../_shared/http/problems.ts'
import { failures, reply, route } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { namesDown, newChecks, type Report } from './checks.ts'

const Status = z.enum(['ok', 'degraded', 'down'])
const Check = z.object({ status: Status, version: z.string().optional() })

const Readiness = z
  .object({
    status: z.enum(['ok', 'degraded']),
    checks: z.object({ database: Status, migrations: Status, storage: Status, redis: Status }),
  })
  .meta({ id: 'Readiness', description: '`degraded`: Redis is away; everything is served.' })

const Health = z
  .object({
    status: Status,
    version: z.string().meta({ description: 'Of Octavo.', example: '0.1.0' }),
    checks: z.object({ database: Check, migrations: Check, storage: Check, redis: Check }),
    services: z
      .record(z.string(), Status)
      .meta({ description: 'What runs beside the functions, by name.', example: { worker: 'ok' } }),
  })
  .meta({
    id: 'Health',
    description: 'Everything, with versions. `degraded` as soon as one part is not `ok`.',
  })

const ServiceDetails = z
  .record(
    z.string(),
    z.object({
      status: Status,
      detail: z.string().optional().meta({ example: 'It does not run.' }),
      version: z.string().optional(),
      pid: z.int().optional(),
      restarts: z.int().optional().meta({ description: 'After it had ended unexpectedly.' }),
    }),
  )
  .meta({ id: 'ServiceDetails', description: 'State of each service, and what is known of it.' })

const livez = route({
  method: 'get',
  path: '/livez',
  atRoot: true,
  operationId: 'livez',
  role: 'public',
  summary: 'Does the process answer?',
  replies: { 200: z.object({ status: z.literal('ok') }) },
})

const readyz = route({
  method: 'get',
  path: '/readyz',
  atRoot: true,
  operationId: 'readyz',
  role: 'public',
  summary: 'Can requests be served?',
  description: 'Database, migrations and storage must be there; Redis may be away.',
  replies: { 200: Readiness, ...failures('unavailable') },
})

const health = route({
  method: 'get',
  path: '/',
  operationId: 'getHealth',
  role: 'public',
  summary: 'State and version of everything',
  replies: { 200: Health, ...failures('unavailable') },
})

const services = route({
  method: 'get',
  path: '/services',
  operationId: 'getServiceDetails',
  role: 'operator',
  summary: 'What is known of each service',
  description: 'Only for the operator: the details name hosts, processes and paths.',
  replies: { 200: ServiceDetails },
})

/** @throws {AppError} `unavailable`: named parts are down; no host, no reason, since anybody may ask */
function requireReady(report: Report): void {
  const down = namesDown(report)
  if (down.length === 0) return
  throw new AppError('unavailable', `Not ready: ${down.join(', ')}.`, { cause: report.cause })
}

/** Is it alive, is it ready, and what runs here. */
export const createApp = (deps: Deps) => {
  const runChecks = newChecks(deps)
  return newApp(deps, { name: 'health', summary: 'Is it alive, is it ready, and what runs here.' })
    .on(livez, async () => reply(200, { status: 'ok' as const }))
    .on(readyz, async () => {
      const report = await runChecks()
      requireReady(report)
      const { database, migrations, storage, redis } = report.checks
      return reply(200, {
        status: report.status === 'ok' ? 'ok' : 'degraded',
        checks: {
          database: database.status,
          migrations: migrations.status,
          storage: storage.status,
          redis: redis.status,
        },
      })
    })
    .on(health, async () => {
      const [report, all] = await Promise.all([runChecks(), deps.config.reference.health()])
      requireReady(report)
      const states = Object.entries(all).map(([name, { status }]) => [name, status] as const)
      const isWhole = report.status === 'ok' && states.every(([, status]) => status === 'ok')
      return reply(200, {
        status: isWhole ? 'ok' : 'degraded',
        version: deps.config.version,
        checks: report.checks,
        services: Object.fromEntries(states),
      })
    })
    .on(services, async () => reply(200, await deps.config.reference.health()))
}

export type HealthApp = ClientApp<ReturnType<typeof createApp>>
