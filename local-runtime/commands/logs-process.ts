import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { didYouMean } from '../../functions/_shared/http/suggestion.ts'

const tailBytesMax = 1024 * 1024
const lineBreak = 10

/** Where to begin to read so that the last lines come. */
export type LogFile = { path: string; start: number }

/**
 * The log of one process and where its last `lines` lines begin; in one read, so 1 MiB back at most.
 * @throws {Error} there is no such log; names those that there are
 */
export function processLog(folder: string, name: string, lines: number): LogFile {
  const names = logNames(folder)
  // `status` calls an isolate by its functions, "users,keys"; its log is "isolate-users-keys".
  const called = [name, `isolate-${name.replaceAll(',', '-')}`].find((text) => names.includes(text))
  if (called === undefined) throw new Error(noSuchLog(name, names))
  const path = join(folder, `${called}.log`)
  return { path, start: startOfLast(path, lines) }
}

function logNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => file.endsWith('.log'))
      .map((file) => file.slice(0, -'.log'.length))
      .sort()
  } catch {
    // Made at the first start.
    return []
  }
}

function noSuchLog(name: string, names: string[]): string {
  if (names.length === 0) return 'There are no logs yet. Start the stack with ./deploy-local.sh'
  const near = didYouMean(name, names)
  const hint = near === null ? '' : ` Did you mean ${near}?`
  return `There is no log of "${name}".${hint} There are: ${names.join(', ')}.`
}

function startOfLast(path: string, lines: number): number {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const tail = Buffer.alloc(Math.min(size, tailBytesMax))
    const read = readSync(file, tail, 0, tail.length, size - tail.length)
    const begin = size - tail.length
    // The last byte may end the last line; it begins none.
    let end = read - 1
    for (let left = lines; left > 0; left--) {
      end = end > 0 ? tail.lastIndexOf(lineBreak, end - 1) : -1
      if (end < 0) return begin
    }
    return begin + end + 1
  } finally {
    closeSync(file)
  }
}
