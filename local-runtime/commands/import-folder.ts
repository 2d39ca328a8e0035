import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import {
  type ConferenceFile,
  importLimits,
  isConferencePath,
  type ReadFile,
  readFiles,
} from '../../domain/conferences/importing.ts'

/**
 * Reads all files of conferences below a folder, in the order of their names, or one file, and shows how far it is.
 * @throws {Error} there is no such thing, nothing in it, or too much
 */
export async function readConferences(path: string): Promise<ReadFile[]> {
  const found = await stat(path).catch(() => null)
  if (found === null) throw new Error(`There is no folder ${path}.`)
  if (found.isFile()) return readAll(dirname(path), [basename(path)])
  return readAll(path, await conferencePaths(path))
}

async function readAll(folder: string, paths: readonly string[]): Promise<ReadFile[]> {
  const found = await Promise.all(paths.map((path) => textOf(folder, path)))
  const texts = found.filter((file): file is ConferenceFile => 'text' in file)
  const characters = texts.reduce((sum, { text }) => sum + text.length, 0)
  if (characters > importLimits.bytes)
    throw new Error(`${folder} has more than ${importLimits.bytes} bytes; import its parts.`)
  const read = await readFiles(texts, {
    fileBytesMax: importLimits.fileBytesApart,
    onRead: (count) => showProgress(count, texts.length),
  })
  const broken = found.filter((file): file is ReadFile => 'fault' in file)
  return [...read, ...broken]
}

async function conferencePaths(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter(isConferencePath)
    .sort()
  if (paths.length === 0) throw new Error(`${folder} has no file that ends in .yml or .yaml.`)
  if (paths.length <= importLimits.files) return paths
  throw new Error(`${folder} has more than ${importLimits.files} files; import its parts.`)
}

async function textOf(folder: string, path: string): Promise<ConferenceFile | ReadFile> {
  const broken = (detail: string): ReadFile => ({
    ...{ path, entries: [], fault: { line: 1, column: 1, detail } },
  })
  const { size } = await stat(join(folder, path))
  if (size > importLimits.fileBytesApart)
    return broken(`It has more than ${importLimits.fileBytesApart} bytes.`)
  const bytes = await readFile(join(folder, path))
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return broken('It is not valid UTF-8.')
  }
}

/** One line that is written over, where somebody watches. */
function showProgress(count: number, all: number): void {
  if (process.stderr.isTTY)
    process.stderr.write(`\rread ${count} of ${all} files${count === all ? '\n' : ''}`)
}
