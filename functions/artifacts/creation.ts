import { uuidv7 } from 'uuidv7'
import { artifactGenerateJobKind } from '../../db/artifact-versions.ts'
import type { ArtifactRow } from '../../domain/artifacts/access.ts'
import { tellChannel } from '../../domain/artifacts/completing.ts'
import { insertPieces } from '../../domain/artifacts/pieces.ts'
import { indexedTextOf, isText } from '../../domain/artifacts/text.ts'
import type { VersionRow } from '../../domain/artifacts/versions.ts'
import { enqueueJob, ringWorkers } from '../../domain/jobs/queue.ts'
import type { Call } from '../_shared/http/call.ts'
import type { Tx } from '../_shared/http/idempotency.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { createArtifact } from './contract.ts'
import type { createVersion } from './contract-versions.ts'
import { holdLinked, type Linked, unlinked } from './links.ts'
import { openExpected, readerOf } from './place.ts'
import { insertArtifact, insertVersion, saveArtifact } from './queries.ts'
import { toArtifact, toVersion } from './representation.ts'

type Origin = Pick<
  Parameters<Handler<typeof createVersion>>[1]['json'],
  'content' | 'generate' | 'source'
>

/** What is known of a version before its transaction begins, which may run several times. */
type Draft = {
  origin: Origin
  content: Uint8Array<ArrayBuffer> | null
  sha256: Uint8Array | null
  text: string | null
  jobId: string | null
  at: Date
}

export const createHandler =
  (deps: Deps): Handler<typeof createArtifact> =>
  async (c, { json }) => {
    const [id, draft] = [uuidv7(), await newDraft(deps, c, json)]
    const { title, media_type: mediaType } = json
    const answer = await c.write(async (tx) => {
      const place = await holdLinked(tx, c, json)
      requireDocumentFor(json, place)
      const { tenantId, userId: createdByUserId } = readerOf(c)
      const row = { tenantId, id, title, mediaType, ...place, createdByUserId, at: draft.at }
      const artifact = await insertArtifact(tx, {
        ...row,
        ...shownOf(draft, { mediaType, number: 1 }),
      })
      const version = await addVersion(tx, c, { artifact, number: 1, draft })
      const body = { ...toArtifact(artifact), latest: toVersion(version) }
      await tell(tx, c, { artifact, version, type: 'artifact.created' })
      const headers = { Location: `/v1/artifacts/${id}` }
      const options = { headers, version: artifact.version }
      return draft.jobId ? reply(202, body, options) : reply(201, body, options)
    })
    return rung(deps, c, { draft, answer })
  }

export const createVersionHandler =
  (deps: Deps): Handler<typeof createVersion> =>
  async (c, { param: { id }, json }) => {
    const draft = await newDraft(deps, c, json)
    const answer = await c.write(async (tx) => {
      const { artifact: held } = await openExpected(tx, c, id)
      requireDocumentFor(json, held)
      const number = held.latestNumber + 1
      const { mediaType } = held
      const shown = { latestNumber: number, ...shownOf(draft, { mediaType, number }) }
      const artifact = await saveArtifact(tx, held, { ...shown, at: draft.at })
      const version = await addVersion(tx, c, { artifact, number, draft })
      await tell(tx, c, { artifact, version, type: 'artifact.versioned' })
      const headers = { Location: `/v1/artifacts/${id}/versions/${number}` }
      const options = { headers, version: version.version }
      const body = toVersion(version)
      return draft.jobId ? reply(202, body, options) : reply(201, body, options)
    })
    return rung(deps, c, { draft, answer })
  }

async function newDraft({ config, now }: Deps, c: Call, origin: Origin): Promise<Draft> {
  if (origin.generate && readerOf(c).role === 'guest')
    throw new AppError('forbidden', 'Guests generate nothing.')
  const jobId = origin.generate ? uuidv7() : null
  const base = { origin, jobId, at: now() }
  if (origin.content === undefined) return { ...base, content: null, sha256: null, text: null }
  const content = new TextEncoder().encode(origin.content)
  if (content.byteLength > config.artifactBytesMax) throw tooLarge(config.artifactBytesMax)
  const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', content))
  return { ...base, content, sha256, text: await indexedTextOf([content]) }
}

export const tooLarge = (bytesMax: number): AppError =>
  new AppError('payload_too_large', `A version has at most ${bytesMax} bytes.`)

function requireDocumentFor(
  { generate }: Origin,
  { documentId }: Pick<Linked, 'documentId'>,
): void {
  if (generate?.include_document && documentId === null)
    throw unlinked('/generate/include_document', 'The artifact is of no document.')
}

const statusOf = ({ content }: Draft) => (content ? ('completed' as const) : ('streaming' as const))
const modelOf = ({ generate, source }: Origin) => generate?.model ?? source?.model ?? null

type ShownAs = { mediaType: ArtifactRow['mediaType']; number: number }

/** What the artifact shows of its new version. */
function shownOf(draft: Draft, { mediaType, number }: ShownAs) {
  const { text, origin } = draft
  const indexed = text !== null && isText(mediaType) ? { text, textNumber: number } : {}
  return { status: statusOf(draft), model: modelOf(origin), ...indexed }
}

type Added = { artifact: ArtifactRow; number: number; draft: Draft }

/** A version of a held artifact, with its bytes or with the job that writes them. */
async function addVersion(
  tx: Tx,
  c: Call,
  { artifact, number, draft }: Added,
): Promise<VersionRow> {
  const { origin, content, sha256, jobId, at } = draft
  const { tenantId, id: artifactId } = artifact
  const { generate, source } = origin
  const version = await insertVersion(tx, {
    ...{ tenantId, artifactId, number, status: statusOf(draft), jobId, sha256 },
    provider: source?.provider ?? null,
    model: modelOf(origin),
    prompt: generate?.prompt ?? source?.prompt ?? null,
    parameters: generate?.parameters ?? source?.parameters ?? {},
    includesDocument: generate?.include_document ?? false,
    sizeBytes: content?.byteLength ?? 0,
    createdByUserId: readerOf(c).userId,
    createdAt: at,
    endedAt: content ? at : null,
  })
  if (content) await insertPieces(tx, { tenantId, artifactId, number, epoch: 0 }, content)
  if (jobId) await enqueueGeneration(tx, c, { artifact, number, jobId })
  return version
}

type Generation = { artifact: ArtifactRow; number: number; jobId: string }

const enqueueGeneration = (tx: Tx, c: Call, { artifact, number, jobId }: Generation) =>
  enqueueJob(tx, {
    tenantId: artifact.tenantId,
    id: jobId,
    kind: artifactGenerateJobKind,
    subjectId: artifact.id,
    userId: readerOf(c).userId,
    requestId: c.requestId,
    payload: { number }, // and not the prompt: whoever sees jobs need not see the channel
  })

type Told = {
  artifact: ArtifactRow
  version: VersionRow
  type: 'artifact.created' | 'artifact.versioned'
}

async function tell(tx: Tx, c: Call, { artifact, version, type }: Told): Promise<void> {
  const by = { actorUserId: readerOf(c).userId, at: version.createdAt }
  const data = { number: version.number, status: version.status }
  await tellChannel(tx, artifact, { ...by, type, data })
  if (version.status !== 'completed') return
  const done = { number: version.number, size_bytes: version.sizeBytes }
  await tellChannel(tx, artifact, { ...by, type: 'artifact.completed', data: done })
}

/** Calls workers after the commit; a failure here must not fail the request, for they look by themselves. */
async function rung<A>(
  { db }: Deps,
  c: Call,
  { draft, answer }: { draft: Draft; answer: A },
): Promise<A> {
  if (draft.jobId)
    await ringWorkers(db).catch((err: unknown) => c.log.warn('workers were not rung', {}, err))
  return answer
}
