import { artifactEndJobKind } from '../../db/artifact-versions.ts'
import { tellChannel } from '../../domain/artifacts/completing.ts'
import { findArtifactForJob, holdChannelOf } from '../../domain/artifacts/generating.ts'
import { generateJobKind } from '../../domain/artifacts/kinds.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { generate } from './generating.ts'

const [seconds, minutes] = [1_000, 60_000]

/** A version that ended with its job, or with a dead worker, could not tell its channel of it by itself. */
const tellEnd: JobHandler = async ({ deps, job }) => ({
  effect: async (tx) => {
    const { tenantId, subjectId, payload } = job
    const artifact = await findArtifactForJob(tx, { tenantId, id: subjectId ?? '' })
    if (!artifact) return
    await holdChannelOf(tx, artifact)
    const data = { number: payload.number, status: payload.status }
    await tellChannel(tx, artifact, {
      type: 'artifact.ended',
      actorUserId: null,
      data,
      at: deps.now(),
    })
  },
})

export const jobs: JobKinds = {
  [generateJobKind]: {
    handler: generate,
    retryMs: [1 * seconds, 5 * seconds, 30 * seconds, 2 * minutes],
    placesShare: 0.5, // what waits for a provider shall not keep documents waiting
    runMsMax: 15 * minutes,
    mayFailOften: true, // a provider's bad day shall not fill the operator's list of errors
  },
  [artifactEndJobKind]: { handler: tellEnd, history: 'unsuccessful' },
}
