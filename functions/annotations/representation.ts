import * as z from 'zod'
import { annotationChanges } from '../../db/schema/annotations.ts'
import { textOf, wordsInside } from '../../domain/annotations/region-text.ts'
import { unpackWords } from '../../domain/documents/words.ts'
import type { findRegion, VersionRow } from './queries.ts'

const time = z.iso.datetime()

export const AnnotationVersion = z
  .object({
    version: z.int(),
    change: z.enum(annotationChanges),
    user_id: z.uuid(),
    at: time,
    content: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AnnotationVersion', description: 'What an annotation was at one time.' })

export const RegionText = z
  .object({
    text: z.string().meta({ example: 'R-2026-0042' }),
    words: z.array(z.object({ text: z.string(), box: z.array(z.number()).length(4) })),
  })
  .meta({ id: 'RegionText', description: 'What stands in a region.' })

export const toVersion = (row: VersionRow): z.input<typeof AnnotationVersion> => ({
  version: row.version,
  change: row.change,
  user_id: row.userId,
  at: row.at.toISOString(),
  content: row.content,
})

type Found = NonNullable<Awaited<ReturnType<typeof findRegion>>>

export function regionText({ region, page }: Found): z.input<typeof RegionText> {
  if (!page) return { text: '', words: [] }
  const { x, y, width, height, rotation } = region
  const words = wordsInside(unpackWords(page.words), {
    ...{ box: [x, y, width, height], rotation },
    ...{ pageWidth: page.widthPoints ?? 1, pageHeight: page.heightPoints ?? 1 },
  })
  return {
    text: textOf(page.text, words),
    words: words.map(({ start, length, box }) => ({
      text: page.text.slice(start, start + length),
      box,
    })),
  }
}
