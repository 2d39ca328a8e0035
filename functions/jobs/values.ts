import * as z from 'zod'
import { kindCharactersMax, kindPattern } from '../../domain/jobs/kinds.ts'
import { jsonBytes } from '../_shared/http/json-bytes.ts'

/** Kinds of values that several routes of this function read. */
export const param = z.object({ id: z.uuid().toLowerCase() })
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000003' }
export const exampleToken = 'b6a6b1f0-5d5c-4c9c-9d1c-3f6f0c1d2e3a'

export const Kind = z.string().max(kindCharactersMax).regex(kindPattern).meta({
  description: 'Words of letters, digits, `_` and `-`, joined by dots. Names the work to be done.',
  example: 'reports.render',
})

export const dayMs = 86_400_000
const jsonBytesMax = 64 * 1024

/** A JSON object that is kept in a job's row. */
export const SmallObject = z
  .record(z.string(), z.unknown())
  .refine((value) => jsonBytes(value) <= jsonBytesMax, {
    error: `Must have at most ${jsonBytesMax} bytes as JSON; put more into a document or a file.`,
  })

export const LeaseMs = z.int().min(1_000).max(3_600_000).meta({
  description: 'Without a heartbeat for this long, the job goes to somebody else.',
  example: 60_000,
})

export const Step = z.object({
  name: z.string(),
  attempt: z.int(),
  started_at: z.string(),
  finished_at: z.string(),
  output: z.unknown(),
})
