import { completeVersion } from '../../domain/artifacts/completing.ts'
import {
  type Begun,
  beginGeneration,
  documentTextOf,
  holdChannelOf,
  type VersionOfJob,
} from '../../domain/artifacts/generating.ts'
import { storedText } from '../../domain/artifacts/text.ts'
import { holdArtifact } from '../../domain/artifacts/versions.ts'
import { JobFailure, JobMoot, JobPutOff } from '../../domain/jobs/outcome.ts'
import { AiFailure, type AiParameters, type AiRequest, type AiUsage } from '../_shared/ports/ai.ts'
import type { JobCompletion, JobContext, JobHandler } from '../_shared/ports/jobs.ts'
import { grouped } from './grouping.ts'
import { VersionWriter } from './version-writer.ts'

// A commit for what came within this time: readers look five times a second.
const grouping = { waitMs: 100, charsMax: 16 * 1024 }

/** Has the host's provider write a version, and stores it as it comes. */
export const generate: JobHandler = async (context) => {
  const { deps, job, host } = context
  const of = versionOf(context)
  const { name: provider, defaultModel: model, isRepeatable } = host.ai.provider
  const by = { provider, model, isRepeatable }
  const begun = await deps.db.transaction((tx) => beginGeneration(tx, job, { of, by }))
  if (!begun) throw new JobMoot('The version is gone, or has ended.')
  const writer = new VersionWriter(context, begun.version)
  const usage = await write(context, await requestOf(context, begun), writer)
  return completion(context, begun, { sizeBytes: await writer.finish(), usage })
}

function versionOf({ job }: JobContext): VersionOfJob {
  const { tenantId, id: jobId, subjectId, payload } = job
  return { tenantId, artifactId: subjectId ?? '', number: Number(payload.number), jobId }
}

async function requestOf(
  { deps, host }: JobContext,
  { version, artifact }: Begun,
): Promise<AiRequest> {
  const { tenantId, documentId } = artifact
  const isWanted = version.includesDocument && documentId !== null
  return {
    prompt: version.prompt ?? '',
    model: version.model ?? host.ai.provider.defaultModel,
    parameters: version.parameters as AiParameters, // written by a request that was validated
    document: isWanted
      ? await documentTextOf(deps.db, { tenantId, documentId }, host.ai.documentCharsMax)
      : null,
  }
}

/** @throws {JobFailure}; the reason of the signal when the attempt was stopped */
async function write(
  { host, signal }: JobContext,
  request: AiRequest,
  writer: VersionWriter,
): Promise<AiUsage> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  try {
    const pieces = grouped(host.ai.provider.generate(request, either), grouping)
    for (;;) {
      const { done, value } = await pieces.next()
      signal.throwIfAborted()
      if (done) return value
      await writer.write(value)
    }
  } catch (err) {
    signal.throwIfAborted()
    throw err instanceof AiFailure ? failureOf(err) : err
  } finally {
    stop.abort()
  }
}

function failureOf({ code, message, isFinal, retryAfterMs, cause }: AiFailure): JobFailure {
  const failure =
    retryAfterMs !== null && !isFinal
      ? new JobPutOff(code, message, retryAfterMs)
      : new JobFailure(code, message, isFinal)
  failure.cause = cause
  return failure
}

type Written = { sizeBytes: number; usage: AiUsage }

async function completion(
  { deps, job }: JobContext,
  { artifact: begunWith, version }: Begun,
  { sizeBytes, usage }: Written,
): Promise<JobCompletion> {
  const { mediaType } = begunWith
  const text = await storedText(deps.db, { of: version, sizeBytes, mediaType })
  const { inputTokens, outputTokens, finishReason } = usage
  const end = {
    ...{ of: version, sizeBytes, text, actorUserId: job.userId, at: deps.now() },
    usage: {
      input_tokens: inputTokens,
      output_tokens: outputTokens,
      finish_reason: finishReason?.slice(0, 100) ?? null,
    },
  }
  return {
    result: { number: version.number, size_bytes: sizeBytes },
    effect: async (tx) => {
      await holdChannelOf(tx, begunWith)
      const artifact = await holdArtifact(tx, begunWith)
      if (artifact) await completeVersion(tx, artifact, end)
    },
  }
}
