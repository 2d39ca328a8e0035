/** Starts the next documents of a batch. Its subject is the batch. */
export const batchStartJobKind = 'batches.start'
/** Does one item of a batch that is no reading of a document. */
export const batchItemJobKind = 'batches.item'

/** Documents that people upload, and what else they do, come first. */
export const batchJobPriority = -1
