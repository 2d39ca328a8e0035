import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import {
  type ConferenceFile,
  importLimits,
  isConferencePath,
  type ReadFile,
  readFiles,
} from '../../domain/conferences/importing.ts'

/**
 * Reads all files of conferences below a folder, in the order of their names, and shows how far it is.
 * @throws {Error} no such folder, nothing in it, or too much
 */
export async function readConferenceFolder(folder: string): Promise<ReadFile[]> {
  const paths = await conferencePaths(folder)
  const found = await Promise.all(paths.map((path) => textOf(folder, path)))
  const texts = found.filter((file): file is ConferenceFile => 'text' in file)
  const characters = texts.reduce((sum, { text }) => sum + text.length, 0)
  if (characters > importLimits.bytes)
    throw new Error(`${folder} has more than ${importLimits.bytes} bytes; import its parts.`)
  const read = await readFiles(texts, (count) => showProgress(count, texts.length))
  const broken = found.filter((file): file is ReadFile => 'fault' in file)
  return [...read, ...broken]
}

async function conferencePaths(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (err: NodeJS.ErrnoException) => {
      if (err.code !== 'ENOENT' && err.code !== 'ENOTDIR') throw err
      throw new Error(`There is no folder ${folder}.`)
    },
  )
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
  const bytes = await readFile(join(folder, path))
  if (bytes.length > importLimits.fileBytes)
    return broken(`It has more than ${importLimits.fileBytes} bytes.`)
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
