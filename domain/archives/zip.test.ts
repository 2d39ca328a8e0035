import { unzipSync } from 'fflate'
import { expect, test } from 'vitest'
import { type ArchivePiece, archiveFilesMax, zipped } from './zip.ts'

const changedAt = new Date('2026-11-21T12:00:00Z')

async function* given(pieces: readonly ArchivePiece[]) {
  yield* pieces
}

async function unzipped(pieces: AsyncIterable<ArchivePiece>): Promise<Record<string, string>> {
  const chunks: Uint8Array[] = []
  for await (const chunk of zipped(pieces, changedAt)) chunks.push(chunk)
  const files = unzipSync(new Uint8Array(Buffer.concat(chunks)))
  const decoder = new TextDecoder()
  return Object.fromEntries(
    Object.entries(files).map(([path, bytes]) => [path, decoder.decode(bytes)]),
  )
}

test('files come back under their names, joined of their pieces', async () => {
  const pieces = [
    { path: 'labels/a.txt', text: 'ünï' },
    { path: 'labels/a.txt', text: ' code' },
    { path: 'empty.json', text: '' },
    { path: 'long.json', text: 'ab'.repeat(100_000) },
    { path: 'long.json', text: 'c' },
  ]
  expect(await unzipped(given(pieces))).toEqual({
    ...{ 'labels/a.txt': 'ünï code', 'empty.json': '' },
    'long.json': `${'ab'.repeat(100_000)}c`,
  })
})

test('an archive without files is one', async () => {
  expect(await unzipped(given([]))).toEqual({})
})

test('what was made is handed out before all of it is there', async () => {
  let made = 0
  async function* endless() {
    for (;;) yield { path: `${made++}.txt`, text: `${Math.random()}`.repeat(1_000) }
  }
  const archive = zipped(endless(), changedAt)
  expect((await archive.next()).value?.length).toBeGreaterThan(0)
  expect(made).toBeLessThan(1_000)
  await archive.return(undefined)
})

test('more files than an archive can count are refused', async () => {
  const pieces = Array.from({ length: archiveFilesMax + 1 }, (_, n) => ({ path: `${n}`, text: '' }))
  await expect(unzipped(given(pieces))).rejects.toThrow(RangeError)
})
