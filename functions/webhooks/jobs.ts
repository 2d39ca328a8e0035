import { webhookJobKind } from '../../db/webhook-events.ts'
import type { JobKinds } from '../_shared/ports/jobs.ts'
import { deliver } from './delivery/deliver.ts'

const [seconds, minutes, hours] = [1_000, 60_000, 3_600_000]

/** The waits that Standard Webhooks recommends: ten attempts within three days. */
const retryMs = [
  ...[5 * seconds, 5 * minutes, 30 * minutes, 2 * hours, 5 * hours],
  ...[10 * hours, 14 * hours, 20 * hours, 24 * hours],
]

export const jobs: JobKinds = {
  [webhookJobKind]: {
    handler: deliver,
    retryMs,
    placesShare: 0.5, // what waits for slow receivers shall not keep documents waiting
    runMsMax: 30_000,
    mayFailOften: true, // receivers of tenants shall not fill the operator's list of errors
    history: 'unsuccessful', // the delivery itself tells of its attempts
  },
}
