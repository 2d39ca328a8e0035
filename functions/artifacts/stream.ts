import { PiecesGone, readPieces } from '../../domain/artifacts/pieces.ts'
import { isText } from '../../domain/artifacts/text.ts'
import {
  findVisibleVersion,
  type SeenVersion,
  type VersionRow,
} from '../../domain/artifacts/versions.ts'
import { toHex } from '../_shared/access/keys.ts'
import type { Handler } from '../_shared/http/route.ts'
import { eventStream, pause, type ServerEvent } from '../_shared/http/sse.ts'
import { StreamPlaces } from '../_shared/http/stream-places.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { watchContent } from './contract-versions.ts'
import { missing, readerOf } from './place.ts'
import { TextPieces } from './text-pieces.ts'

const pollMs = 200 // as other streams
const streamMsMax = 15 * 60 * 1000
const streamBounds = { max: 1_000, perKeyMax: 100 } // in this process

type Position = { epoch: number; offset: number }

const idOf = ({ epoch, offset }: Position): string =>
  epoch === 0 ? String(offset) : `${offset}@${epoch}`

function positionOf(id: string | undefined): Position | null {
  if (id === undefined) return null
  const [offset = '', epoch = '0'] = id.split('@')
  return { offset: Number(offset), epoch: Number(epoch) }
}

/** Sends the content of a version as it is stored, until it ends. */
export const streamHandler = (deps: Deps): Handler<typeof watchContent> => {
  const places = new StreamPlaces(streamBounds)
  return async (c, { param: { id, number }, header }) => {
    const read = () => findVisibleVersion(deps.db, readerOf(c), { artifactId: id, number })
    const first = await read()
    if (!first) throw missing()
    places.refuseWhenFull(c, 'Read the content instead, from an offset on.')
    return eventStream(c, async function* (signal) {
      const giveBack = places.take(c)
      const endsAtMs = performance.now() + streamMsMax
      const sender = new ContentSender(deps, first, positionOf(header['last-event-id']))
      try {
        for (let seen: SeenVersion | null = first; seen && !signal.aborted; seen = await read()) {
          yield* sender.eventsOf(seen.version)
          if (sender.hasEnded || performance.now() > endsAtMs) return
          await pause(pollMs, signal)
        }
      } finally {
        giveBack()
      }
    })
  }
}

/** What one reader has been sent, and what comes next. */
class ContentSender {
  readonly #deps: Deps
  readonly #isText: boolean
  #sent: Position
  hasEnded = false

  constructor({ db, ...deps }: Deps, { artifact, version }: SeenVersion, from: Position | null) {
    this.#deps = { db, ...deps }
    this.#isText = isText(artifact.mediaType)
    this.#sent = from ?? { epoch: version.epoch, offset: 0 }
  }

  async *eventsOf(row: VersionRow): AsyncGenerator<ServerEvent, void, undefined> {
    // Of another beginning, or of none: an offset that is not there cannot be gone on from.
    if (this.#sent.epoch !== row.epoch || this.#sent.offset > row.sizeBytes) {
      this.#sent = { epoch: row.epoch, offset: 0 }
      yield { event: 'reset', id: idOf(this.#sent), data: { epoch: row.epoch } }
    }
    try {
      yield* this.#pieces(row)
    } catch (err) {
      // It began anew, or went, while it was read: the next look tells which.
      if (err instanceof PiecesGone) return
      throw err
    }
    if (row.status === 'streaming') return
    this.hasEnded = true
    yield { ...endingOf(row), id: idOf(this.#sent) }
  }

  async *#pieces(row: VersionRow): AsyncGenerator<ServerEvent, void, undefined> {
    const range = { start: this.#sent.offset, end: row.sizeBytes }
    const pieces = new TextPieces(this.#sent.offset, this.#isText)
    for await (const bytes of readPieces(this.#deps.db, row, range)) {
      for (const { end, ...data } of pieces.take(bytes)) yield this.#piece(row, { end, data })
    }
    // The rest of a character comes with the next bytes; of what has ended, none will.
    if (row.status === 'streaming') return
    for (const { end, ...data } of pieces.rest()) yield this.#piece(row, { end, data })
  }

  #piece({ epoch }: VersionRow, { end, data }: { end: number; data: object }): ServerEvent {
    this.#sent = { epoch, offset: end }
    return { event: 'piece', id: idOf(this.#sent), data }
  }
}

function endingOf(row: VersionRow): ServerEvent {
  if (row.status === 'failed')
    return { event: 'failed', data: { code: row.failureCode, message: row.failureMessage } }
  const data = { size_bytes: row.sizeBytes, sha256: row.sha256 && toHex(row.sha256) }
  return { event: row.status, data }
}
