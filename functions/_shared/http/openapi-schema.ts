import * as z from 'zod'
import { problemTable } from './problems.ts'

export type Json = { [key: string]: unknown }
/** Named schemas of a document. */
export type Components = Record<string, unknown>

/** What every error reply looks like. */
export const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem. `instance` is the request id.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code'],
  properties: {
    type: { type: 'string', examples: ['urn:octavo:problem:not_found'] },
    title: { type: 'string', examples: ['Not found'] },
    status: { type: 'integer', examples: [404] },
    detail: { type: 'string', examples: ['There is nothing here.'] },
    instance: { type: 'string', examples: ['0199a1c2-77aa-7aaa-8aaa-000000000000'] },
    code: { type: 'string', enum: Object.keys(problemTable) },
    hint: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'pointer', 'code', 'detail'],
        properties: {
          in: { type: 'string', enum: ['body', 'query', 'header'] },
          pointer: { type: 'string' },
          code: { type: 'string' },
          detail: { type: 'string' },
          hint: { type: 'string' },
        },
      },
    },
  },
}

/** JSON Schema of one zod schema; named parts go to `components`. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const { $schema, $defs, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Json
  const rewritten = rewriteRefs({ rest, defs: $defs ?? {} }) as { rest: Json; defs: Json }
  Object.assign(components, rewritten.defs)
  const { id, ...named } = rewritten.rest
  if (typeof id !== 'string') return named
  components[id] = named
  return { $ref: `#/components/schemas/${id}` }
}

function rewriteRefs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewriteRefs)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) =>
    key === '$ref' && typeof item === 'string'
      ? [key, item.replace('#/$defs/', '#/components/schemas/')]
      : key === 'id' && typeof item === 'string' && '$ref' in value
        ? [key, undefined]
        : [key, rewriteRefs(item)],
  )
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
}
