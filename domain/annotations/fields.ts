import * as z from 'zod'
import { labelTypes } from '../../db/schema/annotations.ts'
import { boxFault } from './boxes.ts'

export const labelNameCharactersMax = 200
export const valueCharactersMax = 10_000

const box = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .superRefine((value, context) => {
    const fault = boxFault(value)
    if (fault !== null) context.addIssue({ code: 'custom', message: fault })
  })
  .meta({
    description: `\`[x, y, width, height]\` in 0..1 of the page as it is seen: origin top left, after the page's
rotation.`,
    example: [0.1, 0.2, 0.3, 0.05],
  })

/** What callers say of a region and its label, wherever they say it. */
export const annotationFields = {
  box,
  rotation: z.number().min(-360).max(360).meta({
    description: 'Of the box around its centre, in degrees clockwise.',
    example: 0,
  }),
  label_type: z.enum(labelTypes),
  label_name: z
    .string()
    .trim()
    .min(1)
    .max(labelNameCharactersMax)
    .meta({ example: 'invoice_number' }),
  value: z.string().max(valueCharactersMax).nullable().meta({ example: 'R-2026-0042' }),
  confidence: z.number().min(0).max(1).nullable().meta({ description: 'Of a model.' }),
}
