/** Starts the next documents of a batch. Its subject is the batch. */
export const batchStartJobKind = 'batches.start'
/** Does one item of a batch that is no reading of a document. */
export const batchItemJobKind = 'batches.item'

/** Documents that people upload, and what else they do, come first. */
export const batchJobPriority = -1
/** Before those: it costs little, and documents that wait to be read for the first time are then not read twice. */
export const batchStartPriority = 1
