import * as z from 'zod'
import { documentStatuses } from '../../db/schema/documents.ts'
import { foldTag } from '../../domain/documents/tags.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { route } from '../_shared/http/route.ts'

const foldedTag = (text: string): string => foldTag(text.normalize('NFC').trim())

const box = z.tuple([z.number(), z.number(), z.number(), z.number()])
const range = z.tuple([z.int(), z.int()])

export const Hit = z
  .object({
    type: z.literal('page'),
    document_id: z.uuid(),
    page: z.int().meta({ description: 'From 1.' }),
    filename: z.string(),
    title: z.string().nullable(),
    snippet: z.string().meta({ description: 'Plain text of the page around the hits.' }),
    highlights: z.array(range).meta({
      description: '`[start, end]` in `snippet`, in UTF-16 units, as `String.slice` takes them.',
    }),
    boxes: z.array(box).meta({
      description: '`[x, y, width, height]` in 0..1 of the page of the words hit, at most 100.',
    }),
  })
  .meta({ id: 'Hit', description: 'One page that matches.' })

export const search = route({
  method: 'get',
  path: '/',
  operationId: 'search',
  role: 'viewer',
  summary: 'Search the pages of all documents',
  description: `Words must all occur on a page, in any form ("running" finds "run"), accents and case apart. \`"a phrase"\`
must occur as it is, \`OR\` gives a choice, \`-word\` excludes. A query needs a word that is to be found: one without,
like \`-this\` or \`a OR -b\`, is 422. Best matches come first within each thousand pages of the newest documents.`,
  input: {
    query: z.object({
      ...pageQuery,
      q: z.string().min(1).max(500).meta({ example: 'invoice "net 30" -draft' }),
      document_id: z.uuid().toLowerCase().optional(),
      user_id: z.uuid().toLowerCase().optional().meta({ description: 'Who uploaded it.' }),
      status: z.enum(documentStatuses).optional(),
      language: z.string().min(2).max(8).optional().meta({ example: 'en' }),
      tag: z.array(z.string().min(1).max(200).transform(foldedTag)).max(10).optional().meta({
        description: 'Repeatable, in any case: documents that have all of them.',
      }),
    }),
  },
  replies: { 200: pageOf(Hit) },
  example: { query: { q: 'invoice "net 30"', limit: '5' } },
})
