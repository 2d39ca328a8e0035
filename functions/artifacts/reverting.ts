import { tellChannel } from '../../domain/artifacts/completing.ts'
import { copyPieces } from '../../domain/artifacts/pieces.ts'
import { storedText } from '../../domain/artifacts/text.ts'
import { findVisibleVersion } from '../../domain/artifacts/versions.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { revertArtifact } from './contract-versions.ts'
import { missing, openExpected, readerOf } from './place.ts'
import { insertVersion, saveArtifact } from './queries.ts'
import { toArtifact } from './representation.ts'

export const revertHandler =
  ({ db, now }: Deps): Handler<typeof revertArtifact> =>
  async (c, { param: { id }, json: { number: from } }) => {
    const seen = await findVisibleVersion(db, readerOf(c), { artifactId: id, number: from })
    if (!seen) throw missing()
    const { version: earlier, artifact } = seen
    if (earlier.status !== 'completed')
      throw new AppError('conflict', `Version ${from} is ${earlier.status}, not completed.`)
    const { tenantId } = c
    const of = { tenantId, artifactId: id, number: from, epoch: earlier.epoch }
    const { sizeBytes } = earlier
    const text = await storedText(db, { of, sizeBytes, mediaType: artifact.mediaType })
    return c.write(async (tx) => {
      const { artifact: held } = await openExpected(tx, c, id)
      const [number, at] = [held.latestNumber + 1, now()]
      const shown = { latestNumber: number, status: 'completed', model: earlier.model } as const
      const indexed = text === null ? {} : { text, textNumber: number }
      const row = await saveArtifact(tx, held, { ...shown, ...indexed, at })
      const places = { number, epoch: 0, jobId: null, revertedFrom: from, version: 1 }
      const by = { createdByUserId: c.userId, createdAt: at, endedAt: at }
      await insertVersion(tx, { ...earlier, ...places, ...by })
      await copyPieces(tx, of, number)
      const said = { actorUserId: c.userId, at }
      const data = { number, status: 'completed', reverted_from: from }
      await tellChannel(tx, row, { ...said, type: 'artifact.versioned', data })
      const done = { number, size_bytes: sizeBytes }
      await tellChannel(tx, row, { ...said, type: 'artifact.completed', data: done })
      return reply(200, toArtifact(row), { version: row.version })
    })
  }
