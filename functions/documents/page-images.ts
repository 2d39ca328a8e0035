import {
  askForPageImage,
  findPageImage,
  type ImagePlace,
  type PageImage,
  touchPageImage,
} from '../../domain/documents/page-images.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import { toHex } from '../_shared/access/keys.ts'
import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import { pause } from '../_shared/http/sse.ts'
import { namesTag } from '../_shared/http/stored-file.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing, type ReadVisible } from './access.ts'
import type { getPageImage } from './page-image-routes.ts'
import type { DocumentRow } from './queries.ts'

// Grows when pages are drawn differently: browsers then ask for the new picture.
const drawingRevision = 1
// For so long a browser may show the picture of a file that has been replaced.
const cacheSeconds = 60
const waitMsMax = 8_000
const pollMs = { first: 25, max: 200 }
// What was too slow or too large on a busy machine may go well on an idle one.
const failureMs = 600_000
// Pictures that are being drawn for somebody who waits, in this process: of all, and of one tenant.
const placesMax = { all: 200, perTenant: 40 }

type Wanted = { place: ImagePlace; row: DocumentRow; requestId: string }
type Drawn = { storageKey: string; bytes: number }

/** Sends the picture of a page from the cache, or has it drawn first. */
export function pageImageHandler(
  deps: Deps,
  readVisible: ReadVisible,
): Handler<typeof getPageImage> {
  const drawnOf = sharedWaits(deps)
  return async (c, { param, query }) => {
    const row = await readVisible(c, param.id)
    refuseWithoutPicture(row, param.number)
    const etag = `W/"${toHex(row.sha256).slice(0, 32)}-${param.number}-${query.width}-${drawingRevision}"`
    const headers = imageHeaders(etag)
    if (namesTag(c.request.headers.get('if-none-match'), etag.slice(2)))
      return new Response(null, { status: 304, headers })
    const place = {
      tenantId: c.tenantId,
      documentId: row.id,
      number: param.number,
      widthPixels: query.width,
    }
    const wanted = { place, row, requestId: c.requestId }
    return sendDrawn(deps, c, { wanted, headers, drawnOf })
  }
}

type Sending = {
  wanted: Wanted
  headers: Headers
  drawnOf(wanted: Wanted, lost?: string): Promise<Drawn>
}

async function sendDrawn({ storage }: Deps, c: Call, { wanted, headers, drawnOf }: Sending) {
  let lost: string | undefined
  for (;;) {
    const { storageKey, bytes } = await drawnOf(wanted, lost)
    headers.set('Content-Length', String(bytes))
    // The host drops a HEAD reply's body without closing it, so no file may be opened for it.
    if (c.request.method === 'HEAD') return new Response(null, { headers })
    const body = await storage.get(storageKey)
    if (body) return new Response(body, { headers })
    // It was dropped from the cache just now, or its file was lost: then it is drawn again, once.
    if (lost !== undefined) throw missing()
    lost = storageKey
  }
}

const imageHeaders = (etag: string) =>
  new Headers({
    'Content-Type': 'image/jpeg',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cache-Control': `private, max-age=${cacheSeconds}`,
    ETag: etag,
  })

function refuseWithoutPicture({ kind, status, pageCount }: DocumentRow, number: number): void {
  if (kind === 'text' || kind === 'markdown')
    throw new AppError('not_found', 'A text document has no pictures of its pages.', {
      hint: 'Read its text: GET /v1/documents/{id}/text.',
    })
  if (pageCount === null)
    throw new AppError('conflict', `The document is ${status}, and its pages are not known.`, {
      hint: 'Follow its events, and ask when it has a page_count.',
    })
  if (number > pageCount) throw missing()
}

/** One look at the database for all that wait for the same picture in this process. */
function sharedWaits(deps: Deps) {
  const waits = new Map<string, Promise<Drawn>>()
  const takePlace = waitingPlaces()
  return async (wanted: Wanted, lost?: string): Promise<Drawn> => {
    const { tenantId, documentId, number, widthPixels } = wanted.place
    const file = `${toHex(wanted.row.sha256)} ${wanted.row.jobId} ${lost ?? ''}`
    const key = `${tenantId} ${documentId} ${number} ${widthPixels} ${file}`
    const waiting = waits.get(key)
    if (waiting !== undefined) return waiting
    const wait = waitForDrawn(deps, { wanted, lost }, takePlace).finally(() => waits.delete(key))
    waits.set(key, wait)
    return wait
  }
}

type TakePlace = (place: ImagePlace) => () => void

/** What takes a place and returns what gives it back; it throws `unavailable` when all or the tenant's are taken. */
function waitingPlaces(): TakePlace {
  const taken = new Set<ImagePlace>()
  return (place) => {
    const own = [...taken].filter(({ tenantId }) => tenantId === place.tenantId)
    if (taken.size >= placesMax.all || own.length >= placesMax.perTenant) throw notYet()
    taken.add(place)
    return () => taken.delete(place)
  }
}

type Waiting = { wanted: Wanted; lost: string | undefined }

/** What is drawn already needs no place, so that it is shown also while all are taken. */
async function waitForDrawn(deps: Deps, waiting: Waiting, takePlace: TakePlace): Promise<Drawn> {
  const { place } = waiting.wanted
  const found = await findPageImage(deps.db, place)
  const kept = shown(deps, waiting, found)
  if (kept) return kept
  const giveBack = takePlace(place)
  try {
    return await drawnInTime(deps, waiting, found)
  } finally {
    giveBack()
  }
}

async function drawnInTime(deps: Deps, waiting: Waiting, first: PageImage | null): Promise<Drawn> {
  const { db, now, config } = deps
  const { wanted } = waiting
  const endsAtMs = performance.now() + Math.min(waitMsMax, config.requestTimeoutMs / 2)
  let found = first
  for (let waitMs = pollMs.first; ; waitMs = Math.min(waitMs * 1.5, pollMs.max)) {
    if (isToBeDrawn(found, { ...waiting, now: now() })) await ask(deps, wanted, found)
    if (performance.now() + waitMs > endsAtMs) throw notYet()
    await pause(waitMs, neverAborted)
    found = await findPageImage(db, wanted.place)
    const ready = shown(deps, waiting, found)
    if (ready) return ready
  }
}

/** @returns `null` for what is still to be drawn. @throws {AppError} `conflict` for what cannot be */
function shown(deps: Deps, waiting: Waiting, found: PageImage | null): Drawn | null {
  if (found === null || isToBeDrawn(found, { ...waiting, now: deps.now() })) return null
  if (found.failureCode) throw undrawable(found.failureCode)
  return found.storageKey ? drawn(deps, waiting.wanted.place, found) : null
}

// Others may wait for the same picture: nobody's going away ends the wait.
const neverAborted = new AbortController().signal

type Present = Waiting & { now: Date }

/** Is there nothing to wait for, or nothing that may be shown? */
function isToBeDrawn(found: PageImage | null, { wanted: { row }, lost, now }: Present): boolean {
  if (found === null || toHex(found.fileSha256) !== toHex(row.sha256)) return true
  if (found.storageKey !== null) return found.storageKey === lost
  if (found.failureCode === null) return !found.isUnderWay
  return found.runId !== row.jobId || now.getTime() - found.askedAt.getTime() > failureMs
}

async function ask({ db, log, now }: Deps, wanted: Wanted, found: PageImage | null): Promise<void> {
  const { place, row, requestId } = wanted
  const file = { fileSha256: row.sha256, runId: row.jobId }
  if (!(await askForPageImage(db, { ...file, place, found, requestId, at: now() }))) return
  // Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
  ringWorkers(db).catch((err: unknown) => log.warn('workers were not woken', {}, err))
}

function drawn({ db, log, now }: Deps, place: ImagePlace, image: PageImage): Drawn {
  touchPageImage(db, place, now()).catch((err: unknown) =>
    log.warn('the use of a picture was not noted', {}, err),
  )
  return { storageKey: image.storageKey ?? '', bytes: image.bytes ?? 0 }
}

const notYet = () =>
  new AppError('unavailable', 'The page is not drawn yet.', { headers: { 'Retry-After': '1' } })

const undrawable = (code: string) =>
  new AppError('conflict', `The page cannot be drawn: ${code}.`, {
    hint: 'After a change of its password, have the document read again; others are tried again after ten minutes.',
  })
