import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import type { S3Body, S3Client } from './storage-s3-client.ts'
import { S3Failure } from './storage-s3-failure.ts'
import { element, escaped } from './storage-s3-xml.ts'
import type { SpooledBody } from './storage-spool.ts'

const mebibyte = 1024 ** 2
export const partBytes = 8 * mebibyte
// One call for most files; above it a lost connection would cost too much.
const singleBytesMax = 2 * partBytes
const partsAtOnce = 4
// Below the hour after which an upload counts as abandoned: none that lives is ever swept away.
const uploadMsMax = 45 * 60_000
const completeMs = 60_000

type Part = { number: number; etag: string }

/** Copies a whole file to the store. On failure nothing of it stays there, as far as the store can still be reached. */
export async function uploadFile(
  client: S3Client,
  key: string,
  { path, digest, bytes }: SpooledBody,
): Promise<void> {
  // Read anew from the disk for each attempt, a piece at a time.
  const blob = await openAsBlob(path)
  try {
    if (bytes > singleBytesMax) return await uploadParts(client, key, blob)
    await client.ask({ method: 'PUT', key, body: { blob, sha256: digest.toString('hex') } })
  } catch (err) {
    // An answer that got lost may have been a success.
    await client.ask({ method: 'DELETE', key, attempts: 1 }).catch(() => {})
    throw err
  }
}

async function uploadParts(client: S3Client, key: string, blob: Blob): Promise<void> {
  const { text } = await client.ask({ method: 'POST', key, query: { uploads: '' } })
  const uploadId = element(text, 'UploadId')
  if (uploadId === null) throw unreadable('POST object uploads')
  const upload = { client, key, uploadId }
  try {
    await complete(upload, await sendParts(upload, blob), blob.size)
  } catch (err) {
    await abortUpload(upload).catch(() => {})
    throw err
  }
}

type MultipartUpload = { client: S3Client; key: string; uploadId: string }

/** Several senders take the next part each; the first failure lets all of them stop after the part they are at. */
async function sendParts(upload: MultipartUpload, blob: Blob): Promise<Part[]> {
  const parts: Part[] = []
  const partCount = Math.ceil(blob.size / partBytes)
  const endsAtMs = performance.now() + uploadMsMax
  let next = 1
  let hasFailed = false
  const sender = async () => {
    while (next <= partCount && !hasFailed) {
      const number = next++
      if (performance.now() > endsAtMs) throw tooSlow()
      const slice = blob.slice((number - 1) * partBytes, number * partBytes)
      parts.push({ number, etag: await sendPart(upload, number, await hashed(slice)) })
    }
  }
  const senders = Array.from({ length: partsAtOnce }, () =>
    sender().catch((err: unknown) => {
      hasFailed = true
      throw err
    }),
  )
  // All have ended before the upload is aborted: a part that arrives later would stay.
  for (const result of await Promise.allSettled(senders))
    if (result.status === 'rejected') throw result.reason
  return parts.sort((a, b) => a.number - b.number)
}

async function sendPart(
  { client, key, uploadId }: MultipartUpload,
  number: number,
  body: S3Body,
): Promise<string> {
  const query = { partNumber: String(number), uploadId }
  const { headers } = await client.ask({ method: 'PUT', key, query, body })
  const etag = headers.get('etag')
  if (etag === null) throw unreadable('PUT object partNumber')
  return etag
}

async function complete(upload: MultipartUpload, parts: Part[], bytes: number): Promise<void> {
  const { client, key, uploadId } = upload
  const list = parts.map(
    ({ number, etag }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
  )
  const xml = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
  const body = await hashed(new Blob([xml]))
  try {
    const call = { method: 'POST', key, query: { uploadId }, body, deadlineMs: completeMs } as const
    const { text } = await client.ask(call)
    // The store begins its answer before it knows the outcome: a 200 may hold a failure.
    const code = element(text, 'Code')
    if (code !== null) throw new S3Failure('POST object uploadId', { status: 200, code })
  } catch (err) {
    if (!(await wasCompleted(upload, bytes, err))) throw err
  }
}

/** After an answer that got lost the upload is unknown to the second attempt, and the object is there. */
async function wasCompleted({ client, key }: MultipartUpload, bytes: number, err: unknown) {
  if (!(err instanceof S3Failure) || err.code !== 'NoSuchUpload') return false
  const { headers } = await client.ask({ method: 'HEAD', key })
  return Number(headers.get('content-length')) === bytes
}

/** Forgets an upload with the parts it has; one that is not there is no error. */
export async function abortUpload({ client, key, uploadId }: MultipartUpload): Promise<void> {
  await client.ask({ method: 'DELETE', key, query: { uploadId } }).catch((err: unknown) => {
    if (!(err instanceof S3Failure) || err.status !== 404) throw err
  })
}

async function hashed(blob: Blob): Promise<S3Body> {
  const hash = createHash('sha256')
  for await (const chunk of blob.stream()) hash.update(chunk)
  return { blob, sha256: hash.digest('hex') }
}

const unreadable = (operation: string) =>
  new S3Failure(operation, { status: 200, code: 'unreadable' })
const tooSlow = () => new S3Failure('PUT object partNumber', { status: null, code: 'late' })
