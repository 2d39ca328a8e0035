import { ArchiveFault, looksArchived, unzippedTexts } from '../../domain/archives/unzip.ts'
import {
  type ConferenceFile,
  importLimits,
  isConferencePath,
} from '../../domain/conferences/importing.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import { toHex } from '../_shared/access/keys.ts'

/** What a source may have: as it comes, and its texts together. Whatever takes more is nobody's list of conferences. */
export const sourceLimits = {
  bytes: 32 * 1024 ** 2,
  archiveFiles: 10_000,
  textBytes: 4 * 1024 ** 2,
  fileBytes: importLimits.fileBytesApart, // of one YAML file
} as const

/** @throws {JobFailure} what came is no YAML as far as can be told without reading it, and no archive of such files */
export function sourceFiles(bytes: Uint8Array): ConferenceFile[] {
  const files = looksArchived(bytes) ? archived(bytes) : [{ path: null, text: decoded(bytes) }]
  for (const { path, text } of files) requireText(path ?? 'The source', text)
  return files
}

function archived(bytes: Uint8Array): ConferenceFile[] {
  const limits = { files: sourceLimits.archiveFiles, bytes: sourceLimits.textBytes }
  try {
    const found = unzippedTexts(bytes, { limits, isWanted: isConferencePath })
    if (found.length > 0) return found
    throw new ArchiveFault('It has no file whose name ends in .yml or .yaml.')
  } catch (err) {
    if (!(err instanceof ArchiveFault)) throw err
    throw unreadable(`The archive cannot be read: ${err.message}`)
  }
}

function decoded(bytes: Uint8Array): string {
  if (bytes.length > sourceLimits.fileBytes) {
    const detail = `The file has more than ${sourceLimits.fileBytes} bytes.`
    throw new JobFailure('source_too_large', detail, true)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unreadable('The source is not valid UTF-8.')
  }
}

function requireText(name: string, text: string): void {
  if (text.trimStart().startsWith('<'))
    throw unreadable(`${name} is a page of the web or XML, not YAML.`)
  if (text.includes('\0')) throw unreadable(`${name} holds a byte that no text has.`)
}

export const unreadable = (detail: string): JobFailure =>
  new JobFailure('source_unreadable', detail, true)

/** By their content alone: an archive that is packed anew holds the same. */
export async function fingerprintOf(files: readonly ConferenceFile[]): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(files))
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return toHex(digest)
}
