/** The peer of our reader: the same work by pdf.js, in a process of its own, with the same messages. */
import { readFile } from 'node:fs/promises'
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs'

type Start = { path: string; password: string | null }
type Box = [x: number, y: number, width: number, height: number]
type Item = { str: string; hasEOL: boolean; transform: number[]; width: number; height: number }
type Viewport = { width: number; height: number; transform: number[] }

process.once('message', ({ path, password }: Start) => {
  read(path, password)
    .then(() => send({ type: 'done' }))
    .catch((err: Error) => send({ type: 'failed', code: err.name }))
    .finally(() => process.disconnect())
})

/** Resolves when it is on its way: a channel that closes early loses what waits. */
function send(message: object): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve())
  })
}

async function read(path: string, password: string | null): Promise<void> {
  const data = new Uint8Array(await readFile(path))
  const task = getDocument({ data, verbosity: 0, ...(password !== null && { password }) })
  const document = await task.promise
  await send({ type: 'document', pageCount: document.numPages })
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number)
    const viewport = page.getViewport({ scale: 1 })
    const { items } = await page.getTextContent()
    const words = (items as Item[]).flatMap((item) => wordsOf(item, viewport))
    await send({ type: 'page', page: { words } })
    page.cleanup()
  }
  await task.destroy()
}

/** pdf.js gives a box per run of text only: a word's share of it is its share of the characters. */
function wordsOf({ str, transform, width, height }: Item, viewport: Viewport) {
  const [, , , , left = 0, bottom = 0] = transform
  return [...str.matchAll(/\S+/g)].map((match) => {
    const from = left + (width * match.index) / str.length
    const to = left + (width * (match.index + match[0].length)) / str.length
    const corners = [seen(viewport, from, bottom), seen(viewport, to, bottom + height)].flat()
    return { text: match[0], box: normalised(corners, viewport) }
  })
}

/** Where a point of the page is seen, in points from the top left, after rotation and crop. */
function seen({ transform }: Viewport, x: number, y: number): number[] {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = transform
  return [a * x + c * y + e, b * x + d * y + f]
}

function normalised([a = 0, b = 0, c = 0, d = 0]: number[], { width, height }: Viewport): Box {
  const box = [Math.min(a, c), Math.min(b, d), Math.abs(c - a), Math.abs(d - b)] as const
  return [box[0] / width, box[1] / height, box[2] / width, box[3] / height]
}
