import { setTimeout as pause } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import { refusalOf, S3Failure, silenceOf } from './storage-s3-failure.ts'

/** Where objects lie, and who we are there. */
export type S3Options = {
  /** Scheme, host and port alone. */
  endpoint: string
  region: string
  bucket: string
  /** In front of every key: empty, or names that each end with a slash. */
  prefix: string
  /** Is the bucket the first part of the path, rather than of the host's name? */
  isPathStyle: boolean
  accessKeyId: string
  secretAccessKey: string
}

export type S3Call = {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Of the object, without the prefix; without one the bucket itself is meant. */
  key?: string
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: S3Body
  /** How often it is tried at most; by default {@link attemptsMax}. */
  attempts?: number
  /** Milliseconds of one attempt without its body. */
  deadlineMs?: number
}

/** A body that can be read again for a further attempt, and the SHA-256 of its bytes in hexadecimal. */
export type S3Body = { blob: Blob; sha256: string }

/** An answer that was read whole. */
export type S3Answer = { headers: Headers; text: string }

const attemptsMax = 4
const firstPauseMs = 100
const deadlineMsDefault = 15_000
// Slower than what an upload's own sender may be: whoever is, would hold a connection for hours.
const bytesPerMsMin = 64
const emptySha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export type S3Client = {
  /** @throws {S3Failure} it was refused, or not answered in time, for the last time */
  ask(call: S3Call): Promise<S3Answer>
  /** As {@link S3Client.ask}, with a body that is still to be read and has no deadline of its own. */
  open(call: S3Call): Promise<Response>
}

/** Signed calls with a deadline each; those that may succeed in a moment are tried again, at growing distances. */
export function newS3Client(options: S3Options): S3Client {
  const once = async (call: S3Call, reads: 'whole' | 'later') => {
    const { signal, stop } = deadlineOf(call)
    const operation = operationOf(call)
    try {
      const response = await send(options, call, signal)
      if (response.ok && reads === 'later') return { response, text: '' }
      const text = await response.text()
      if (!response.ok) throw refusalOf(operation, response.status, text)
      return { response, text }
    } catch (err) {
      throw err instanceof S3Failure ? err : silenceOf(operation, err)
    } finally {
      stop()
    }
  }
  return {
    async ask(call) {
      const { response, text } = await tryAgain(call, () => once(call, 'whole'))
      return { headers: response.headers, text }
    },
    async open(call) {
      return (await tryAgain(call, () => once(call, 'later'))).response
    },
  }
}

async function tryAgain<T>({ attempts = attemptsMax }: S3Call, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (err) {
      if (!(err instanceof S3Failure) || !err.isPassing || attempt >= attempts) throw err
      await pause(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
    }
  }
}

function deadlineOf({ body, deadlineMs = deadlineMsDefault }: S3Call) {
  const controller = new AbortController()
  const late = () => controller.abort(new DOMException('late', 'TimeoutError'))
  const timer = setTimeout(late, deadlineMs + (body?.blob.size ?? 0) / bytesPerMsMin)
  return { signal: controller.signal, stop: () => clearTimeout(timer) }
}

const operationOf = ({ method, key, query }: S3Call): string =>
  [method, key === undefined ? 'bucket' : 'object', ...Object.keys(query ?? {})].join(' ')

async function send(options: S3Options, call: S3Call, signal: AbortSignal): Promise<Response> {
  const { region, accessKeyId, secretAccessKey } = options
  // Always a hash, never UNSIGNED-PAYLOAD: the store then refuses bytes that changed on their way, with or without TLS.
  const payload = { 'X-Amz-Content-Sha256': call.body?.sha256 ?? emptySha256 }
  const signed = await new AwsV4Signer({
    method: call.method,
    url: urlOf(options, call),
    headers: { ...call.headers, ...payload },
    service: 's3',
    region,
    accessKeyId,
    secretAccessKey,
  }).sign()
  // After signing, since proxies in front of a store rewrite it: bytes must come as they were stored.
  signed.headers.set('Accept-Encoding', 'identity')
  return fetch(signed.url, {
    method: call.method,
    headers: signed.headers,
    body: call.body?.blob ?? null,
    // Elsewhere our signature is worth nothing, and nobody there shall get it.
    redirect: 'manual',
    signal,
  })
}

/** Where a call goes. Names hold nothing that would need an escape but in the query. */
export function urlOf({ endpoint, bucket, prefix, isPathStyle }: S3Options, call: S3Call): string {
  const url = new URL(endpoint)
  const key = call.key === undefined ? '' : `${prefix}${call.key}`
  if (!isPathStyle) url.hostname = `${bucket}.${url.hostname}`
  url.pathname = isPathStyle ? `/${bucket}/${key}`.replace(/\/$/, '') : `/${key}`
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value)
  return url.href
}
