/** Kinds of jobs that are parts of another one, whose id is their `batch_id`: they are cancelled with it. */
export const partJobKinds = ['documents.page'] as const
/** In the payload of a job that was divided: its parts have ended. Whoever redrives the job takes it out. */
export const partsEnded = 'octavo.parts_ended'

export type PartJobKind = (typeof partJobKinds)[number]
