import { completeVersion } from '../../domain/artifacts/completing.ts'
import { appendPiece, readPieces, storable } from '../../domain/artifacts/pieces.ts'
import { NotUtf8, storedText } from '../../domain/artifacts/text.ts'
import {
  findVersion,
  findVisibleVersion,
  type SeenVersion,
  type VersionRow,
} from '../../domain/artifacts/versions.ts'
import { equalBytes } from '../_shared/access/keys.ts'
import { type Call, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { StreamPlaces } from '../_shared/http/stream-places.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { appendContent } from './contract-versions.ts'
import { tooLarge } from './creation.ts'
import { incoming } from './incoming.ts'
import { missing, openArtifact, readerOf } from './place.ts'
import { toVersion } from './representation.ts'

const appendBounds = { max: 500, perKeyMax: 50 } // in this process

/** What resumable uploads tell of their state. */
export const uploadHeaders = ({ sizeBytes, status }: VersionRow) => ({
  'Upload-Offset': String(sizeBytes),
  'Upload-Complete': status === 'completed' ? '?1' : '?0',
})

export const appendHandler = (deps: Deps): Handler<typeof appendContent> => {
  const places = new StreamPlaces(appendBounds, 'appends')
  return async (c, { param: { id, number }, query, header }) => {
    const seen = await openVersion(deps, c, { id, number })
    const start = header['upload-offset'] ?? query.offset
    if (start === undefined) throw offsetMissing()
    places.refuseWhenFull(c, 'Send the rest in a moment.')
    const giveBack = places.take(c)
    try {
      const end = await new Appender(deps, c, seen).append(start)
      const isComplete = header['upload-complete'] === '?1' || query.complete === 'true'
      const row = isComplete
        ? await complete(deps, c, { seen, sizeBytes: end })
        : await reread(deps, seen.version)
      return reply(200, toVersion(row), { headers: uploadHeaders(row), version: row.version })
    } finally {
      giveBack()
    }
  }
}

const offsetMissing = (): AppError => {
  const detail = 'Say where the bytes begin.'
  const hint = 'HEAD of the same path tells the stored size as Upload-Offset.'
  const errors = [
    { in: 'header', pointer: '/upload-offset', code: 'missing', detail, hint },
  ] as const
  return new AppError('invalid', detail, { hint, errors: [...errors] })
}

/** The version, when the caller may append to it now; nothing is held, for the body may take its time. */
async function openVersion(
  { db }: Deps,
  c: Call,
  { id, number }: { id: string; number: number },
): Promise<SeenVersion> {
  const seen = await findVisibleVersion(db, readerOf(c), { artifactId: id, number })
  if (!seen) throw missing()
  await db.transaction((tx) => openArtifact(tx, c, id))
  requireVersion(c, seen.version.version)
  if (seen.version.createdByUserId !== c.userId)
    throw new AppError('forbidden', 'Only who made the version appends to it.')
  if (seen.version.jobId !== null)
    throw new AppError('conflict', 'A job writes this version.', {
      headers: uploadHeaders(seen.version),
    })
  return seen
}

const misplaced = (row: VersionRow): AppError =>
  new AppError('conflict', `The version has ${row.sizeBytes} bytes, and others than these.`, {
    hint: 'Go on at Upload-Offset.',
    headers: uploadHeaders(row),
  })

const ended = (row: VersionRow): AppError =>
  new AppError('conflict', `The version has ended: it is ${row.status}.`, {
    headers: uploadHeaders(row),
  })

async function reread({ db }: Deps, row: VersionRow): Promise<VersionRow> {
  const found = await findVersion(db, row)
  if (!found) throw missing()
  return found
}

/** Puts a body behind what is stored, a commit for each piece that comes. */
class Appender {
  readonly #deps: Deps
  readonly #c: Call
  #row: VersionRow

  constructor(deps: Deps, c: Call, { version }: SeenVersion) {
    this.#deps = deps
    this.#c = c
    this.#row = version
  }

  /** @returns where the body ends in the version @throws {AppError} */
  async append(start: number): Promise<number> {
    if (start > this.#row.sizeBytes) throw misplaced(this.#row)
    let at = start
    for await (const chunk of incoming(this.#c))
      for (const piece of storable(chunk)) at = await this.#store(at, piece)
    return at
  }

  async #store(start: number, piece: Uint8Array): Promise<number> {
    let [at, rest] = [start, piece]
    while (rest.byteLength > 0) {
      const known = await this.#passOver(at, rest)
      at += known
      rest = rest.subarray(known)
      if (rest.byteLength === 0) return at
      if (this.#row.status !== 'streaming') throw ended(this.#row)
      const { artifactBytesMax } = this.#deps.config
      if (at + rest.byteLength > artifactBytesMax) throw tooLarge(artifactBytesMax)
      const isStored = await appendPiece(this.#deps.db, this.#row, {
        ...{ offsetBytes: at, bytes: rest, jobId: null },
      })
      if (isStored) {
        at += rest.byteLength
        this.#row = { ...this.#row, sizeBytes: at }
        return at
      }
      // Somebody else was quicker: what they stored may be the same.
      this.#row = await reread(this.#deps, this.#row)
    }
    return at
  }

  /** @returns how many of these bytes are stored already @throws {AppError} `conflict`: others are */
  async #passOver(at: number, bytes: Uint8Array): Promise<number> {
    const known = Math.min(bytes.byteLength, this.#row.sizeBytes - at)
    if (known <= 0) return 0
    let compared = 0
    const range = { start: at, end: at + known }
    for await (const stored of readPieces(this.#deps.db, this.#row, range)) {
      const same = bytes.subarray(compared, compared + stored.byteLength)
      if (!equalBytes(stored, same)) throw misplaced(await reread(this.#deps, this.#row))
      compared += stored.byteLength
    }
    return known
  }
}

type Completing = { seen: SeenVersion; sizeBytes: number }

/** Ends the version at exactly these bytes; one that has ended so is answered as done. */
async function complete(deps: Deps, c: Call, { seen, sizeBytes }: Completing): Promise<VersionRow> {
  const { db, now } = deps
  const row = await reread(deps, seen.version)
  if (row.sizeBytes !== sizeBytes) throw misplaced(row)
  if (row.status === 'completed') return row
  const { mediaType } = seen.artifact
  const text = await storedText(db, { of: row, sizeBytes, mediaType }).catch(refuseNotUtf8)
  const done = await db.transaction(async (tx) => {
    const { artifact } = await openArtifact(tx, c, row.artifactId)
    const by = { actorUserId: c.userId, at: now() }
    return completeVersion(tx, artifact, { of: row, sizeBytes, text, ...by })
  })
  if (done) return done
  const found = await reread(deps, row)
  if (found.status === 'completed' && found.sizeBytes === sizeBytes) return found
  throw found.status === 'streaming' ? misplaced(found) : ended(found)
}

function refuseNotUtf8(err: unknown): never {
  if (!(err instanceof NotUtf8)) throw err
  const detail = 'The content is not valid UTF-8 as a whole; the version stays open.'
  throw new AppError('invalid', detail, {
    errors: [{ in: 'body', pointer: '', code: 'not_utf8', detail }],
  })
}
