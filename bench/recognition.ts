/**
 * `node bench/recognition.ts [file] [page]`: a page of a PDF file is drawn at several resolutions, read as a scan, and
 * compared with its own text. A word is found when a recognized one says the same and shares half of its area. Time is
 * processor time of the whole process that reads one page, start included. Linux only (/proc).
 */
import { fork } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

type Box = readonly [x: number, y: number, width: number, height: number]
type Word = { text: string; box: Box }
type Page = { text: string; words: Uint8Array; widthPoints: number }
type Message = { type: string; page: Page; jpeg: Uint8Array; message?: string }
type Reading = { messages: Message[]; cpuMs: number; memoryMb: number }

const file = resolve(process.argv[2] ?? '../shared/data/pdf/tracemonkey.pdf')
const number = Number(process.argv[3] ?? 1)
const resolutions = [100, 150, 200, 300] // dpi of the scan
const recognizedDpi = 300
const foundShare = 0.5
const tickMs = 10 // unit of the times in /proc/<pid>/stat
const watchMs = 20
const wordBytes = 24
const root = fileURLToPath(new URL('..', import.meta.url))
const child = join(root, 'functions/documents/extraction/child.ts')
const data = ['4.0.0_best_int', '4.0.0'].map((folder) =>
  join(root, 'node_modules/@tesseract.js-data/eng', folder, 'eng.traineddata.gz'),
)

const folder = await mkdtemp(join(tmpdir(), 'octavo-recognition-'))
const truth = await read({
  path: file,
  kind: 'pdf',
  fromPage: number,
  onePage: { recognition: null },
})
const page = truth.messages.find(({ type }) => type === 'page')?.page
if (!page) throw new Error(truth.messages.map(({ message }) => message).join())
const words = wordsOf(page)
console.log(`${file}, page ${number}: ${words.length} words in its text layer`)
console.log('model           scan dpi  words  found  right   cpu ms     MB')
for (const dataPath of data) for (const dpi of resolutions) await measure(dataPath, dpi)
await rm(folder, { recursive: true })

async function measure(dataPath: string, dpi: number): Promise<void> {
  const widthPixels = Math.round(((page?.widthPoints ?? 612) / 72) * dpi)
  const drawn = await read({ path: file, kind: 'pdf', pictures: [{ number, widthPixels }] })
  const path = join(folder, 'scan.jpg')
  await writeFile(path, drawn.messages.find(({ type }) => type === 'picture')?.jpeg ?? '')
  const recognition = { dpi: recognizedDpi, languages: ['eng'], dataPaths: [dataPath] }
  const scan = await read({ path, kind: 'image', onePage: { recognition } })
  const seen = wordsOf(scan.messages.find(({ type }) => type === 'page')?.page)
  const share = (some: readonly Word[], others: readonly Word[]) =>
    `${((some.filter((word) => isAmong(word, others)).length / some.length) * 100).toFixed(1)}%`
  const columns = [
    dataPath.split('/').at(-2)?.padEnd(15),
    String(dpi).padStart(8),
    String(seen.length).padStart(6),
    share(words, seen).padStart(6),
    share(seen, words).padStart(6),
    String(scan.cpuMs).padStart(8),
    scan.memoryMb.toFixed(0).padStart(6),
  ]
  console.log(columns.join(' '))
}

function isAmong(word: Word, others: readonly Word[]): boolean {
  return others.some(({ text, box }) => text === word.text && overlap(box, word.box) >= foundShare)
}

function overlap(a: Box, b: Box): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1])
  const shared = Math.max(0, width) * Math.max(0, height)
  return shared / (a[2] * a[3] + b[2] * b[3] - shared)
}

/** What the reader says of one order, and what it took. */
function read(order: Record<string, unknown>): Promise<Reading> {
  const reader = fork(child, { serialization: 'advanced', silent: true })
  const reading: Reading = { messages: [], cpuMs: 0, memoryMb: 0 }
  const watch = setInterval(() => Object.assign(reading, spent(reader.pid)), watchMs)
  reader.on('message', (message: Message) => reading.messages.push(message))
  reader.send({ type: 'start', password: null, fromPage: 1, pagesMax: 10_000, ...order })
  return new Promise((finish) => {
    reader.once('exit', () => {
      clearInterval(watch)
      finish(reading)
    })
  })
}

/** Processor time and peak memory of a process and its threads so far; nothing when it has just ended. */
function spent(pid: number | undefined): Partial<Reading> {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const memoryMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const ticks = Number(fields[11]) + Number(fields[12])
    return memoryMb > 0 ? { cpuMs: ticks * tickMs, memoryMb } : {}
  } catch {
    return {}
  }
}

/** Packed as the database keeps them. */
function wordsOf(read: Page | undefined): Word[] {
  if (!read) return []
  const { text, words: packed } = read
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  return Array.from({ length: packed.length / wordBytes }, (_, index) => {
    const at = index * wordBytes
    const side = (offset: number) => view.getFloat32(at + offset, true)
    const start = view.getUint32(at, true)
    return {
      text: text.slice(start, start + view.getUint32(at + 4, true)),
      box: [side(8), side(12), side(16), side(20)] as const,
    }
  })
}
