/** Kinds of jobs that are parts of another one, whose id is their `batch_id`: they are cancelled with it. */
export const partJobKinds = ['documents.page'] as const
export type PartJobKind = (typeof partJobKinds)[number]
