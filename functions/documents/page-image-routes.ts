import * as z from 'zod'
import { content, failures, route } from '../_shared/http/route.ts'
import { pageParam } from './result-routes.ts'

export const imageWidths = { min: 64, max: 2400, default: 1024 } as const

// Digits alone: `1.0`, `1e3` and `0x1` are no width.
const width = z
  .string()
  .regex(/^\d{1,4}$/)
  .transform(Number)
  .pipe(z.int().min(imageWidths.min).max(imageWidths.max))
  .default(imageWidths.default)
  .meta({ description: 'Of the picture, in pixels; its height follows from the page.' })

export const getPageImage = route({
  method: 'get',
  path: '/:id/pages/:number/image',
  operationId: 'getPageImage',
  role: ['viewer', 'ingest'],
  summary: 'See a page as a JPEG',
  description: `Upright, as the page is seen: a word's box of 0..1 times the picture's size is where the word stands. A picture
that nobody has asked for yet is drawn in the background while this waits some seconds; what takes longer answers 503 with
\`Retry-After\`, and goes on. Drawn pictures are kept for a while. PDF files and images have pictures; for text this is 404.
409: the pages are not known yet, or this one cannot be drawn. The ETag serves \`If-None-Match\`.`,
  input: { param: pageParam, query: z.object({ width }) },
  replies: {
    200: content('image/jpeg', 'The page.'),
    304: null,
    ...failures('not_found', 'conflict'),
  },
  example: { param: { id: '0199a1c2-77aa-7aaa-8aaa-000000000002', number: '1' } },
})
