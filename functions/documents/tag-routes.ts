import * as z from 'zod'
import { foldTag, tagCharactersMax } from '../../domain/documents/tags.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { route } from '../_shared/http/route.ts'

const tagsMax = 50
// They would let two tags look alike that are not.
const invisible = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

const Tag = z
  .string()
  .normalize('NFC')
  .trim()
  .min(1)
  .max(2 * tagCharactersMax) // in UTF-16 units, of which a character has two at most
  .refine((name) => [...name].length <= tagCharactersMax, {
    error: `Must have at most ${tagCharactersMax} characters.`,
  })
  .refine((name) => !invisible.test(name), {
    error: 'Must not contain control or direction characters.',
  })

export const Tags = z
  .array(Tag)
  .max(tagsMax)
  .meta({
    description: `At most ${tagsMax}, of at most ${tagCharactersMax} characters. Of two that differ in case alone the first is kept.`,
    example: ['Invoices', '2026'],
  })

/** The tags that a document must all have, folded. */
export const TagFilter = z.array(Tag.transform(foldTag)).max(10).optional().meta({
  description: 'Repeatable, in any case: documents that have all of them.',
})

const TagCount = z
  .object({ name: z.string(), count: z.int().meta({ description: 'Documents that have it.' }) })
  .meta({ id: 'TagCount' })

export const listTags = route({
  method: 'get',
  path: '/tags',
  operationId: 'listTags',
  role: 'viewer',
  summary: 'List the tags of all documents, with their counts',
  description: `In the order of the alphabet. Documents in the trash do not count. Where spellings differ in case, one of
them is shown.`,
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(TagCount) },
  example: { query: { limit: '10' } },
})
