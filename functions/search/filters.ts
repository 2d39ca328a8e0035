import type { DocumentStatus, Role } from '../../db/schema/index.ts'

/** In the order in which hits of the same rank and id come. */
export const hitTypes = ['page', 'message', 'artifact', 'place', 'conference'] as const
export type HitType = (typeof hitTypes)[number]

export type Filter = {
  documentId?: string | undefined
  channelId?: string | undefined
  userId?: string | undefined
  from?: Date | undefined // inclusive
  to?: Date | undefined // exclusive
  status?: DocumentStatus | undefined
  language?: string | undefined
  tags: readonly string[] // folded; of a document that has all of them
}

/** The types that a search is for: those asked for, without those that the caller never sees or a filter does not fit. */
export function typesFor(asked: readonly string[], filter: Filter, role: Role): HitType[] {
  const { channelId, documentId, userId, status, language, tags } = filter
  const ofPages = status !== undefined || language !== undefined || tags.length > 0
  const isOutside = channelId === undefined && role !== 'guest' // of channels, in which guests are shut up
  const fits: Record<HitType, boolean> = {
    page: isOutside,
    message: !ofPages,
    artifact: !ofPages,
    place: isOutside && !ofPages,
    conference: isOutside && !ofPages && documentId === undefined && userId === undefined,
  }
  return hitTypes.filter((type) => fits[type] && (asked.length === 0 || asked.includes(type)))
}
