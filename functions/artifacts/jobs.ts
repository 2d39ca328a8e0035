import { artifactEndJobKind, artifactGenerateJobKind } from '../../db/artifact-versions.ts'
import { endUncompleted } from '../../domain/artifacts/completing.ts'
import { findArtifactForJob, holdChannelOf } from '../../domain/artifacts/generating.ts'
import { holdArtifact } from '../../domain/artifacts/versions.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { generate } from './generating.ts'

const [seconds, minutes] = [1_000, 60_000]

/** The end of a version that its job did not complete, and the word to its channel. */
const endVersion: JobHandler = async ({ deps, job }) => ({
  effect: async (tx) => {
    const { tenantId, subjectId, payload } = job
    const found = await findArtifactForJob(tx, { tenantId, id: subjectId ?? '' })
    if (!found) return
    await holdChannelOf(tx, found)
    const artifact = await holdArtifact(tx, found)
    if (artifact) await endUncompleted(tx, artifact, { ...endingOf(payload), at: deps.now() })
  },
})

/** @param payload as `queueArtifactEnds` writes it */
function endingOf(payload: Record<string, unknown>) {
  const [number, jobId] = [Number(payload.number), String(payload.job_id)]
  if (payload.status === 'cancelled') return { number, jobId, failure: null }
  return {
    ...{ number, jobId },
    failure: { code: String(payload.code), message: String(payload.message) },
  }
}

export const jobs: JobKinds = {
  [artifactGenerateJobKind]: {
    handler: generate,
    retryMs: [1 * seconds, 5 * seconds, 30 * seconds, 2 * minutes],
    placesShare: 0.5, // what waits for a provider shall not keep documents waiting
    runMsMax: 15 * minutes,
    mayFailOften: true, // a provider's bad day shall not fill the operator's list of errors
  },
  [artifactEndJobKind]: { handler: endVersion, history: 'unsuccessful' },
}
