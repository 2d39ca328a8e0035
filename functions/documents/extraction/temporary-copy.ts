import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'

export type TemporaryCopy = { path: string; [Symbol.asyncDispose](): Promise<void> }

/** Streams bytes to a file that only this user can read; leaving the scope removes it. */
export async function temporaryCopy(
  folder: string,
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): Promise<TemporaryCopy> {
  const own = await newFolder(folder).catch(async (err: unknown) => {
    await body.cancel(err).catch(() => {}) // or its file stays open
    throw err
  })
  const path = join(own, 'document')
  const remove = () => rm(own, { recursive: true, force: true })
  try {
    const source = Readable.fromWeb(body as NodeReadableStream<Uint8Array>)
    await pipeline(source, createWriteStream(path, { mode: 0o600, flags: 'wx' }), { signal })
  } catch (err) {
    await remove()
    throw err
  }
  return { path, [Symbol.asyncDispose]: remove }
}

async function newFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  // The worker's number in the name tells the next worker whose it was.
  return mkdtemp(join(parent, `extract-${process.pid}-`))
}
