import * as z from 'zod'
import type { GlobeBox } from '../../domain/places/globe.ts'

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i
const charactersMax = 200

/** `west,south,east,north` in degrees, as in RFC 7946, section 5. */
export const bbox = z
  .string()
  .max(charactersMax)
  .transform((text, context): GlobeBox => {
    const parts = text.split(',').map((part) => part.trim())
    const fault = faultOf(parts)
    if (fault === null) return boxOf(parts)
    context.addIssue({ code: 'custom', message: fault })
    return z.NEVER
  })

function boxOf(parts: readonly string[]): GlobeBox {
  const [west = 0, south = 0, east = 0, north = 0] = parts.map(Number)
  return { west, south, east, north }
}

/** What is wrong with a box, for who wrote it; `null`: nothing. */
function faultOf(parts: readonly string[]): string | null {
  if (parts.length !== 4 || !parts.every((part) => decimal.test(part)))
    return 'Must be four numbers: west,south,east,north.'
  const { west, south, east, north } = boxOf(parts)
  if (Math.max(Math.abs(west), Math.abs(east)) > 180)
    return 'The first and the third are longitudes between -180 and 180 degrees.'
  if (Math.max(Math.abs(south), Math.abs(north)) > 90)
    return 'The second and the fourth are latitudes between -90 and 90 degrees.'
  if (south > north) return 'The second is the south, and must not lie north of the fourth.'
  return null
}
