import { refreshJobKind } from '../../domain/conferences/refresh-order.ts'
import type { JobKinds } from '../_shared/ports/jobs.ts'
import { refresh } from './refresh.ts'

const [second, minute] = [1_000, 60_000]

export const jobs: JobKinds = {
  [refreshJobKind]: {
    handler: refresh,
    isolation: 'process', // reading megabytes of YAML blocks, and takes hundreds of them
    memoryBytesMax: 1024 ** 3,
    runMsMax: 5 * minute,
    retryMs: [10 * second, minute, 5 * minute, 15 * minute],
    mayFailOften: true, // what a tenant reads from shall not fill the operator's list of errors
  },
}
