import * as z from 'zod'
import { admittedRoles } from '../access/roles.ts'
import { type Components, type Json, problemSchema, schemaOf } from './openapi-schema.ts'
import { type ProblemCode, problemTable } from './problems.ts'
import type { ContentReply, Route, RouteReplies } from './route.ts'

export type OpenApiDocument = {
  openapi: '3.1.0'
  info: {
    title: string
    version: string
    description: string
    license: { name: string; identifier: string }
  }
  servers: { url: string }[]
  tags: { name: string; description: string }[]
  security: Record<string, never[]>[]
  paths: Record<string, Json>
  components: { schemas: Components; securitySchemes: Components }
}

type Described = { info: { name: string; summary: string }; routes: readonly Route[] }

function parametersOf({ input, example }: Route, components: Components): Json[] {
  const places = [
    ['param', 'path'],
    ['query', 'query'],
    ['header', 'header'],
  ] as const
  return places.flatMap(([part, place]) => {
    const schema = input?.[part]
    if (!schema) return []
    const whole = schemaOf(schema, 'input', components) as {
      properties?: Record<string, Json>
      required?: string[]
    }
    return Object.entries(whole.properties ?? {}).map(([name, property]) => {
      const { description, ...rest } = property
      const shown = part === 'header' ? undefined : typed(example?.[part]?.[name], rest)
      return {
        name,
        in: place,
        required: place === 'path' || (whole.required ?? []).includes(name),
        ...(description ? { description } : {}),
        schema: rest,
        ...(shown === undefined ? {} : { example: shown }),
      }
    })
  })
}

/** The value that a parameter's text stands for. */
function typed(text: string | undefined, { type }: Json): unknown {
  const isNumber = type === 'integer' || type === 'number'
  if (type === 'array') return text === undefined ? undefined : [text]
  return text !== undefined && (isNumber || type === 'boolean') ? JSON.parse(text) : text
}

function requestBodyOf({ input, example }: Route, components: Components): Json {
  if (input?.stream) {
    const { description, mediaTypes } = input.stream
    const shownType = example?.headers?.['content-type'] ?? mediaTypes[0]
    const media = mediaTypes.map((type) => [
      type,
      type === 'multipart/form-data'
        ? { schema: multipartSchema }
        : {
            schema: { type: 'string', format: 'binary' },
            ...(type === shownType && example?.text !== undefined ? { example: example.text } : {}),
          },
    ])
    return { requestBody: { required: true, description, content: Object.fromEntries(media) } }
  }
  if (!input?.json) return {}
  const schema = schemaOf(input.json, 'input', components)
  const shown = example?.json === undefined ? {} : { example: example.json }
  return {
    requestBody: { required: true, content: { 'application/json': { schema, ...shown } } },
  }
}

const multipartSchema = {
  type: 'object',
  required: ['file'],
  properties: { file: { type: 'array', items: { type: 'string', format: 'binary' } } },
}

const isContent = (value: unknown): value is ContentReply =>
  typeof value === 'object' && value !== null && 'contentType' in value

function successReplies(replies: RouteReplies, components: Components): Json {
  const entries = Object.entries(replies).filter(([status]) => status !== 'failures')
  return Object.fromEntries(
    entries.map(([status, body]) => {
      if (isContent(body)) {
        const { contentType, description } = body
        const schema = contentType.startsWith('text/')
          ? { type: 'string' }
          : { type: 'string', format: 'binary' }
        return [status, { description, content: { [contentType]: { schema } } }]
      }
      if (!(body instanceof z.ZodType)) return [status, { description: 'No body.' }]
      const schema = schemaOf(body, 'output', components)
      return [status, { description: 'Success.', content: { 'application/json': { schema } } }]
    }),
  )
}

/** Failures that follow from a route's form, beside those that it names itself. */
export function failureCodes(route: Route): ProblemCode[] {
  const { role, input, replies } = route
  const codes = new Set<ProblemCode>([
    ...(replies.failures ?? []),
    'rate_limited',
    'unavailable',
    'internal',
  ])
  if (role !== 'public') codes.add('unauthorized').add('forbidden')
  if (input?.param) codes.add('not_found')
  if (input?.query) codes.add('malformed').add('invalid')
  if (input?.json)
    for (const code of [
      'malformed',
      'invalid',
      'unsupported_media_type',
      'payload_too_large',
    ] as const)
      codes.add(code)
  if (input?.stream) codes.add('unsupported_media_type').add('payload_too_large')
  if (takesIdempotencyKey(route)) codes.add('in_flight').add('idempotency_mismatch')
  return [...codes]
}

function failureReplies(route: Route): Json {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of failureCodes(route)) {
    const { status } = problemTable[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  const reply = (codes: ProblemCode[]) => ({
    description: codes.map((code) => `${problemTable[code].title} (\`${code}\`)`).join('; '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  return Object.fromEntries([...byStatus].map(([status, codes]) => [String(status), reply(codes)]))
}

const takesIdempotencyKey = ({ method, role, refusesIdempotencyKey }: Route): boolean =>
  method === 'post' && role !== 'public' && !refusesIdempotencyKey

const idempotencyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key and body replays the first reply for 24 h.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function operationOf(route: Route, tag: string, components: Components): Json {
  const roles = admittedRoles(route.role)
  const isPublic = route.role === 'public'
  const parameters = parametersOf(route, components)
  if (takesIdempotencyKey(route)) parameters.push(idempotencyParameter)
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description ? { description: route.description } : {}),
    tags: [tag],
    ...(isPublic ? { security: [] } : {}),
    'x-roles': isPublic ? [] : route.role === 'operator' ? ['operator admin'] : roles,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...requestBodyOf(route, components),
    responses: { ...successReplies(route.replies, components), ...failureReplies(route) },
  }
}

/** The OpenAPI 3.1 document of one function. */
export function openApiDocument({ info, routes }: Described, version: string): OpenApiDocument {
  const components: Components = { Problem: problemSchema }
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const base = route.atRoot ? '' : `/v1/${info.name}`
    const path = (route.path === '/' ? base : `${base}${route.path}`).replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operationOf(route, info.name, components) }
  }
  return {
    openapi: '3.1.0',
    info: {
      ...{ title: `Octavo: ${info.name}`, version, description: info.summary },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [{ name: info.name, description: info.summary }],
    security: [{ key: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', bearerFormat: 'oct_<keyid>_<secret>' },
      },
    },
  }
}

/** All functions' documents as one. @throws {Error} when two operations share an id, two functions a path or a name */
export function mergeOpenApi(documents: readonly OpenApiDocument[]): OpenApiDocument {
  const [first] = documents
  if (!first) throw new Error('there is no document to merge')
  const description = 'Every operation of every function.'
  const merged = structuredClone({
    ...first,
    info: { ...first.info, title: 'Octavo', description },
    tags: documents.flatMap((document) => document.tags),
  })
  for (const document of documents.slice(1)) {
    for (const [path, item] of Object.entries(document.paths)) {
      if (merged.paths[path]) throw new Error(`two functions serve ${path}`)
      merged.paths[path] = item
    }
    addSchemas(merged.components.schemas, document.components.schemas)
  }
  const ids = Object.values(merged.paths).flatMap((item) =>
    Object.values(item).map((operation) => (operation as { operationId: string }).operationId),
  )
  const repeated = ids.find((id, index) => ids.indexOf(id) !== index)
  if (repeated) throw new Error(`two operations are called ${repeated}`)
  return merged
}

function addSchemas(all: Components, more: Components): void {
  for (const [name, schema] of Object.entries(more)) {
    if (name in all && JSON.stringify(all[name]) !== JSON.stringify(schema))
      throw new Error(`two schemas are called ${name}`)
    all[name] = schema
  }
}
