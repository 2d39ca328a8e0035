import type { Box } from './boxes.ts'
import { iouOf } from './region-matching.ts'

/** A place on a page with what it is said to hold. */
export type LabelledRegion = {
  documentId: string
  page: number
  box: Box
  rotation: number // degrees clockwise
  labelName: string
}

/** From this overlap on a region that is proposed is one that is known: a model repeats itself a pixel off. */
const sameProposalIouMin = 0.9 - 1e-9 // boxes that overlap by nine tenths may miss them by their last bits
/** Up to this difference; a box that is turned by half covers what it did. */
const sameRotationDegreesMax = 5

/** With such an overlap neither side of the one begins further from that of the other than this share of its extent. */
export const sameRegionReach = (1 - sameProposalIouMin) / sameProposalIouMin

/** Are two regions of one page and label the same, by their place? */
export function isSamePlace(
  one: Pick<LabelledRegion, 'box' | 'rotation'>,
  other: Pick<LabelledRegion, 'box' | 'rotation'>,
): boolean {
  const turn = one.rotation - other.rotation
  return (
    Math.abs(turn - 180 * Math.round(turn / 180)) <= sameRotationDegreesMax &&
    iouOf([...one.box], [...other.box]) >= sameProposalIouMin
  )
}
