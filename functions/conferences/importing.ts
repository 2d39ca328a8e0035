import { ArchiveFault, looksArchived, unzippedTexts } from '../../domain/archives/unzip.ts'
import {
  type ConferenceFile,
  importConferences,
  importLimits,
  importTotals,
  isConferencePath,
  type ReadFile,
  readFiles,
  rehearseImport,
  type SeriesVerdict,
} from '../../domain/conferences/importing.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { bodyFingerprint, readWholeBody } from '../_shared/http/whole-body.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'

export const importHandler =
  ({ db, now }: Deps): Handler<typeof contract.importConferences> =>
  async (c, { query: { dry_run: isDryRun } }) => {
    const bytes = await readWholeBody(c, { bytesMax: importLimits.bytes, now })
    const files = await readFiles(filesOf(bytes))
    const [only] = files
    if (files.length === 1 && only?.path === null && only.fault) throw unreadable(only.fault)
    const order = { tenantId: c.tenantId, at: now(), files }
    if (isDryRun) return reply(200, toImport(files, await rehearseImport(db, order), true))
    const fingerprint = await bodyFingerprint(c.url, bytes)
    return c.write(
      async (tx) => reply(200, toImport(files, await importConferences(tx, order), false)),
      { fingerprint },
    )
  }

function filesOf(bytes: Uint8Array): ConferenceFile[] {
  if (looksArchived(bytes)) return archived(bytes)
  if (bytes.length > importLimits.fileBytes)
    throw new AppError('payload_too_large', `A file has at most ${importLimits.fileBytes} bytes.`, {
      hint: 'Send several files as a zip archive.',
    })
  return [{ path: null, text: decoded(bytes) }]
}

function archived(bytes: Uint8Array): ConferenceFile[] {
  const { files, bytes: bytesMax } = importLimits
  try {
    const limits = { files, bytes: bytesMax }
    const found = unzippedTexts(bytes, { limits, isWanted: isConferencePath })
    if (found.length > 0) return found.map((file) => ({ ...file, path: shownPath(file.path) }))
    throw new ArchiveFault('It has no file whose name ends in .yml or .yaml.')
  } catch (err) {
    if (err instanceof ArchiveFault) throw unreadable({ detail: err.message })
    throw err
  }
}

// It is told of in the reply, and may be shown in a terminal.
const shownPath = (path: string): string =>
  path
    .slice(0, 500)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\ufffd')

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid UTF-8.', { cause })
  }
}

function unreadable(fault: { line?: number; column?: number; detail: string }): AppError {
  const place = fault.line === undefined ? '' : `line ${fault.line}, column ${fault.column}: `
  const detail = `${place}${fault.detail}`
  const error = { in: 'body', pointer: '', code: 'unreadable', detail } as const
  return new AppError('invalid', detail, { errors: [error] })
}

const toImport = (
  files: readonly ReadFile[],
  verdicts: readonly SeriesVerdict[],
  isDryRun: boolean,
) => ({
  dry_run: isDryRun,
  totals: importTotals(files, verdicts),
  broken_files: files.flatMap(({ path, fault }) => (fault ? [{ path, ...fault }] : [])),
  conferences: [...verdicts],
})
