/**
 * `node bench/extraction.ts [folder]`: our reader (pdfium) against pdf.js on every PDF of a folder, as ratios.
 * Time is processor time of a whole process, so that a busy machine changes little. Linux only (/proc).
 */
import { fork } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

type Box = number[]
type Word = { text: string; box: Box }
type Reading = {
  cpuMs: number
  memoryMb: number
  pages: number
  words: Word[]
  failure: string | null
}

const folder = resolve(process.argv[2] ?? '../shared/data/pdf')
const passwords: Record<string, string> = { 'libreoffice-writer-password.pdf': 'openpassword' }
const runs = 2 // the better one counts
const tickMs = 10 // unit of the times in /proc/<pid>/stat
const deadlineMs = 60_000
const wordBytes = 24

const root = fileURLToPath(new URL('..', import.meta.url))
const engines = {
  pdfium: join(root, 'functions/documents/extraction/child.ts'),
  pdfjs: join(root, 'bench/extraction-pdfjs.ts'),
}

const totals = { pdfium: { cpuMs: 0, memoryMb: 0 }, pdfjs: { cpuMs: 0, memoryMb: 0 } }
console.log('file'.padEnd(34), 'pages  words pdfium/pdfjs  same  inside     cpu ms        MB')
for (const name of readdirSync(folder).filter((file) => file.endsWith('.pdf'))) {
  const pdfium = await fastest(engines.pdfium, name)
  const pdfjs = await fastest(engines.pdfjs, name)
  for (const [engine, { cpuMs, memoryMb }] of Object.entries({ pdfium, pdfjs })) {
    const total = totals[engine as keyof typeof totals]
    total.cpuMs += cpuMs
    total.memoryMb = Math.max(total.memoryMb, memoryMb)
  }
  report(name, pdfium, pdfjs)
}
const times = `pdfium ${totals.pdfium.cpuMs} ms, pdfjs ${totals.pdfjs.cpuMs} ms`
console.log(`\nprocessor time of all files, start included: ${times}`)
console.log(`pdfjs / pdfium: ${ratio(totals.pdfjs.cpuMs, totals.pdfium.cpuMs)}`)
console.log(`peak memory pdfjs / pdfium: ${ratio(totals.pdfjs.memoryMb, totals.pdfium.memoryMb)}`)

function ratio(a: number, b: number): string {
  return (a / b).toFixed(2)
}

function report(name: string, a: Reading, b: Reading): void {
  const same = sameWords(a.words, b.words)
  const columns = [
    name.slice(0, 33).padEnd(34),
    String(a.pages).padStart(5),
    `${outcome(a)} / ${outcome(b)}`.padStart(19),
    `${(same * 100).toFixed(0)}%`.padStart(5),
    `${insideShare(a.words)} / ${insideShare(b.words)}`.padStart(12),
    `${a.cpuMs} / ${b.cpuMs}`.padStart(12),
    `${a.memoryMb.toFixed(0)} / ${b.memoryMb.toFixed(0)}`.padStart(10),
  ]
  console.log(columns.join(' '))
}

function outcome({ failure, words }: Reading): string {
  return failure ?? String(words.length)
}

function insideShare(words: readonly Word[]): string {
  const inside = words.filter(({ box: [x = 0, y = 0, width = 0, height = 0] }) => {
    return x >= 0 && y >= 0 && x + width <= 1 && y + height <= 1
  })
  return words.length === 0 ? '-' : `${((inside.length / words.length) * 100).toFixed(0)}%`
}

/** Share of the larger set of words that the other has too. */
function sameWords(a: readonly Word[], b: readonly Word[]): number {
  const left = new Map<string, number>()
  for (const { text } of b) left.set(text, (left.get(text) ?? 0) + 1)
  let same = 0
  for (const { text } of a) {
    const count = left.get(text) ?? 0
    if (count > 0) same += 1
    left.set(text, count - 1)
  }
  return same / Math.max(a.length, b.length, 1)
}

async function fastest(engine: string, name: string): Promise<Reading> {
  const readings: Reading[] = []
  for (let run = 0; run < runs; run++) readings.push(await read(engine, name))
  return readings.reduce((best, reading) => (reading.cpuMs < best.cpuMs ? reading : best))
}

function read(engine: string, name: string): Promise<Reading> {
  const child = fork(engine, { serialization: 'advanced', silent: true, timeout: deadlineMs })
  const reading: Reading = { cpuMs: 0, memoryMb: 0, pages: 0, words: [], failure: null }
  const password = passwords[name] ?? null
  const path = join(folder, name)
  child.send({ type: 'start', path, kind: 'pdf', password, fromPage: 1, pagesMax: 10_000 })
  child.on('message', (message: Record<string, unknown>) => {
    Object.assign(reading, spent(child.pid) ?? {})
    if (message.type === 'failed') reading.failure = String(message.code)
    if (message.type !== 'page') return
    reading.pages += 1
    reading.words.push(...wordsOf(message.page as Page))
    if (child.connected) child.send({ type: 'acknowledge', pages: 1 }, () => {})
  })
  return new Promise((finish) => {
    child.once('exit', () => finish(reading))
  })
}

/** Processor time and peak memory of a process so far; nothing when it has just ended: what was read before stands. */
function spent(pid: number | undefined): { cpuMs: number; memoryMb: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const memoryMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const ticks = Number(fields[11]) + Number(fields[12])
    return memoryMb > 0 ? { cpuMs: ticks * tickMs, memoryMb } : null
  } catch {
    return null
  }
}

type Page = { text: string; words: Uint8Array | Word[] }

/** Ours come packed, as the database keeps them. */
function wordsOf({ text, words }: Page): Word[] {
  if (Array.isArray(words)) return words
  const view = new DataView(words.buffer, words.byteOffset, words.length)
  return Array.from({ length: words.length / wordBytes }, (_, index) => {
    const at = index * wordBytes
    const start = view.getUint32(at, true)
    const box = [8, 12, 16, 20].map((side) => view.getFloat32(at + side, true) - 1e-7)
    box[0] = Math.max(0, box[0] ?? 0)
    box[1] = Math.max(0, box[1] ?? 0)
    return { text: text.slice(start, start + view.getUint32(at + 4, true)), box }
  })
}
