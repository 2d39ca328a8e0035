import { readdirSync, readFileSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import type { Stack } from '../harness/stack.ts'

const chunkBytes = 64 * 1024
const kibibyte = 1024

/** A PDF to look at, junk inside: stored whole, and soon given up by its reader. `seed` makes it another file. */
export function bigFile(bytes: number, seed: string): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = bytes
  let isFirst = true
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const chunk = new Uint8Array(Math.min(chunkBytes, left))
      if (isFirst) chunk.set(new TextEncoder().encode(`%PDF-1.7\n${seed}\n`))
      isFirst = false
      left -= chunk.length
      controller.enqueue(chunk)
      if (left === 0) controller.close()
    },
  })
}

const streamed = (body: ReadableStream<Uint8Array>) => ({ method: 'POST', body, duplex: 'half' })

export const uploadRaw = (stack: Stack, body: ReadableStream<Uint8Array>): Promise<Response> =>
  stack.request('/v1/documents?filename=big.pdf', streamed(body) as RequestInit)

/** The same file as the one field of a form, as it would come from a browser. */
export function uploadForm(stack: Stack, body: ReadableStream<Uint8Array>): Promise<Response> {
  const encoder = new TextEncoder()
  const head = `--octavo\r\nContent-Disposition: form-data; name="file"; filename="big.pdf"\r\n\r\n`
  const framed = frame(encoder.encode(head), body, encoder.encode('\r\n--octavo--\r\n'))
  const headers = { 'content-type': 'multipart/form-data; boundary=octavo' }
  return stack.request('/v1/documents', { ...(streamed(framed) as RequestInit), headers })
}

function frame(head: Uint8Array, body: ReadableStream<Uint8Array>, tail: Uint8Array) {
  async function* parts() {
    yield head
    yield* body
    yield tail
  }
  return ReadableStream.from(parts())
}

export type Answer = { status: number; headers: IncomingHttpHeaders }

/** An upload under way: a chunk every 20 ms of a file that has no end, until it is answered or told to end. */
export function slowUpload(stack: Stack) {
  const headers = { authorization: `Bearer ${stack.adminKey}` }
  const req = request(`${stack.baseUrl}/v1/documents`, { method: 'POST', headers, agent: false })
  const chunk = Buffer.alloc(chunkBytes)
  chunk.write('%PDF-1.7\n')
  const feeding = setInterval(() => req.write(chunk), 20)
  req.once('close', () => clearInterval(feeding))
  const answer = new Promise<Answer>((resolve, reject) => {
    req.on('response', (res) => {
      clearInterval(feeding)
      resolve({ status: res.statusCode ?? 0, headers: res.headers })
    })
    req.on('error', reject)
  })
  return { answer, end: () => req.destroy() }
}

/** Names of all that is being written to storage. */
export const unfinished = (stack: Stack): string[] =>
  filesIn(join(stack.home, 'storage/unfinished'))

/** Paths of every stored file, finished or not. */
export const stored = (stack: Stack): string[] => filesIn(join(stack.home, 'storage'))

function filesIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  } catch {
    return []
  }
}

/** Watches the resident memory of a process until `stop`, in bytes. */
export function watchMemory(pid: number) {
  const before = residentBytes(pid)
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid))
  }, 20)
  return () => {
    clearInterval(timer)
    return { before, peak, after: residentBytes(pid) }
  }
}

function residentBytes(pid: number): number {
  const [, kibibytes = '0'] =
    /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kibibytes) * kibibyte
}
