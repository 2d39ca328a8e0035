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

/**
 * JSON Schema of one zod schema; named parts go to `components`. What a caller sends and what comes back may differ (what
 * has a default need not be sent): a part that does is `<name>Input` where it is sent.
 */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Components): Json {
  const { whole, parts } = partsOf(schema, io)
  const renamed = io === 'input' ? differing(parts, partsOf(schema, 'output').parts) : new Set()
  const nameOf = (name: string) => (renamed.has(name) ? `${name}Input` : name)
  for (const [name, part] of Object.entries(parts))
    components[nameOf(name)] = withRefs(part, nameOf)
  return withRefs(whole, nameOf) as Json
}

type Parts = { whole: Json; parts: Record<string, unknown> }

/** A schema that is itself named is one of its parts. */
function partsOf(schema: z.ZodType, io: 'input' | 'output'): Parts {
  const { $schema, $defs, id, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  }) as Json
  const parts = ($defs ?? {}) as Record<string, unknown>
  if (typeof id !== 'string') return { whole: rest, parts }
  return { whole: { $ref: `${definitions}${id}` }, parts: { ...parts, [id]: rest } }
}

const definitions = '#/$defs/'

/** Names of parts that are sent in another form than they come back, and of those that they are parts of. */
function differing(sent: Parts['parts'], returned: Parts['parts']): Set<string> {
  const names = new Set<string>()
  const texts = Object.entries(sent).map(([name, part]) => ({ name, text: comparable(part) }))
  for (let size = -1; size < names.size; ) {
    size = names.size
    for (const { name, text } of texts) {
      const refersToOne = [...names].some((other) => text.includes(`"${definitions}${other}"`))
      if (refersToOne || text !== comparable(returned[name])) names.add(name)
    }
  }
  return names
}

// That nothing else comes back is said of what comes back alone.
const comparable = (part: unknown): string =>
  JSON.stringify(part, (key, value) =>
    key === 'additionalProperties' && !value ? undefined : value,
  )

function withRefs(value: unknown, nameOf: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => withRefs(item, nameOf))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) =>
    key === '$ref' && typeof item === 'string'
      ? [key, `#/components/schemas/${nameOf(item.replace(definitions, ''))}`]
      : key === 'id' && typeof item === 'string' && '$ref' in value
        ? [key, undefined]
        : [key, withRefs(item, nameOf)],
  )
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
}
