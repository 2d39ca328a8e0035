import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type FakeAnswer, FakeBucket, type FakeCall, refusal } from './s3-bucket.ts'
import { type S3Credential, signatureFault } from './s3-signature.ts'

/** What happens to a call instead of, or besides, what it asks for. */
export type S3Fault =
  | { kind: 'refuse'; status: number; code: string }
  | { kind: 'cut' } // the connection ends before the call is done
  | { kind: 'lose answer' } // the call is done, and the connection ends
  | { kind: 'cut body' } // half of the answer's body comes
  | { kind: 'hang' } // nothing comes, until the server is stopped
  | { kind: 'redirect'; location: string }

/** Which fault meets this call, if any; asked once a call. */
export type S3Disturbance = (call: FakeCall) => S3Fault | null

export type FakeS3 = {
  bucket: FakeBucket
  /** All calls that were signed well. */
  calls: FakeCall[]
  /** Codes with which badly signed calls were refused. */
  refused: string[]
  /** The adapter's options for a bucket of this server. */
  options: { endpoint: string; bucket: string; prefix: string; isPathStyle: boolean } & S3Credential
  disturb(disturbance: S3Disturbance | null): void
  stop(): Promise<void>
}

const bucketName = 'test-bucket'

/** An object store of this process on a free port, which recomputes every signature and keeps objects in memory. */
export async function startFakeS3(): Promise<FakeS3> {
  const credential = { accessKeyId: 'AKIATESTKEY', secretAccessKey: 'se/cret+', region: 'test-1' }
  const state = {
    bucket: new FakeBucket(),
    calls: [] as FakeCall[],
    refused: [] as string[],
    disturbance: null as S3Disturbance | null,
  }
  const server = createServer((req, res) => {
    void answer(req, res).catch(() => res.destroy())
  })
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const { body, sha256 } = await received(req, state.bucket.forgetsParts)
    const fault = signatureFault(req, sha256, credential)
    if (fault !== null) {
      state.refused.push(fault)
      return send(req, res, refusal(403, fault))
    }
    const call = callOf(req, body)
    if (call === null) return send(req, res, refusal(404, 'NoSuchBucket'))
    state.calls.push(call)
    const disturbed = state.disturbance?.(call) ?? null
    if (disturbed !== null) return disturb(res, disturbed, () => state.bucket.answer(call))
    send(req, res, state.bucket.answer(call))
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  return {
    ...state,
    options: { ...credential, endpoint, bucket: bucketName, prefix: 'files/', isPathStyle: true },
    disturb(disturbance) {
      state.disturbance = disturbance
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The body, empty when it is to be forgotten, and its digest. */
async function received(req: IncomingMessage, isForgotten: boolean) {
  const hash = createHash('sha256')
  const chunks: Buffer[] = []
  for await (const chunk of req) {
    hash.update(chunk)
    if (!isForgotten) chunks.push(chunk)
  }
  return { body: Buffer.concat(chunks), sha256: hash.digest('hex') }
}

function callOf(req: IncomingMessage, body: Buffer): FakeCall | null {
  const { pathname, searchParams } = new URL(req.url ?? '', 'http://localhost')
  const [, bucket, ...rest] = pathname.split('/')
  if (bucket !== bucketName) return null
  const key = decodeURIComponent(rest.join('/'))
  return { method: req.method ?? '', key, query: searchParams, range: req.headers.range, body }
}

function send(req: IncomingMessage, res: ServerResponse, { status, headers, body }: FakeAnswer) {
  res.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body ?? '') })
  res.end(req.method === 'HEAD' ? undefined : body)
}

function disturb(res: ServerResponse, fault: S3Fault, work: () => FakeAnswer): void {
  if (fault.kind === 'hang') return
  if (fault.kind === 'redirect') {
    res.writeHead(307, { Location: fault.location, 'Content-Length': 0 }).end()
    return
  }
  if (fault.kind === 'refuse') {
    const { status, headers, body } = refusal(fault.status, fault.code)
    res.writeHead(status, headers).end(body)
    return
  }
  if (fault.kind === 'lose answer') work()
  if (fault.kind !== 'cut body') {
    res.destroy()
    return
  }
  const { status, headers, body = '' } = work()
  const whole = Buffer.from(body)
  res.writeHead(status, { ...headers, 'Content-Length': whole.length })
  res.write(whole.subarray(0, whole.length / 2), () => res.destroy())
}
