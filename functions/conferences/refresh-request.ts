import { JobFailure, JobPutOff } from '../../domain/jobs/outcome.ts'
import { publicUrl, retryAfterMs } from '../../domain/outgoing/urls.ts'
import type { JobContext } from '../_shared/ports/jobs.ts'
import { OutgoingFault, type OutgoingReply } from '../_shared/ports/outgoing.ts'
import { sourceLimits, unreadable } from './refresh-content.ts'

const limits = { connect: 5_000, total: 120_000 } // milliseconds
const redirectsMax = 5
const redirects = [301, 302, 303, 307, 308]
const passing = [408, 425, 429] // and all from 500

export type Asking = { url: string; etag: string | null; lastModified: string | null }

/** What a source answers. `bytes` null: it has nothing else than what `etag` or `lastModified` stand for. */
export type SourceAnswer = {
  bytes: Uint8Array | null
  url: string // where it was found, without what may be secret
  etag: string | null
  lastModified: string | null
}

const shownCharactersMax = 300

/** Without its query: that may hold a token. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`.slice(0, shownCharactersMax)
}

/**
 * Asks a source, by the rules for what tenants make this host ask for, and follows its redirects by the same.
 * @throws {JobFailure} `source_unavailable`: it may help to try again; others are final
 */
export async function askSource(context: JobContext, asking: Asking): Promise<SourceAnswer> {
  let url = allowedUrl(context, asking.url)
  for (let count = 0; count <= redirectsMax; count += 1) {
    const reply = await ask(context, { ...asking, url })
    try {
      const target = redirects.includes(reply.statusCode) ? reply.headers.location : undefined
      if (target === undefined) return await answerOf(context, asking, { reply, url })
      if (!URL.canParse(target, url)) throw refused('The source redirects to nowhere.')
      url = allowedUrl(context, new URL(target, url).href)
    } catch (err) {
      if (!(err instanceof OutgoingFault)) throw err
      throw unavailable(`The reply broke off: ${err.code}.`)
    } finally {
      reply.close()
    }
  }
  throw refused(`The source redirects more than ${redirectsMax} times.`)
}

const refused = (detail: string): JobFailure => new JobFailure('source_refused', detail, true)
const unavailable = (detail: string): JobFailure =>
  new JobFailure('source_unavailable', detail, false)
const tooLarge = (): JobFailure =>
  new JobFailure('source_too_large', `The source has more than ${sourceLimits.bytes} bytes.`, true)

function allowedUrl({ deps }: JobContext, text: string): string {
  const { url, fault } = publicUrl(text, deps.config.conferencesAllowPrivate)
  if (fault !== null)
    throw new JobFailure('address_refused', `Nothing is read from this address: ${fault}`, true)
  return url
}

async function ask(
  { deps, host, signal }: JobContext,
  { url, etag, lastModified }: Asking,
): Promise<OutgoingReply> {
  const { version, conferencesAllowPrivate: allowsPrivate } = deps.config
  const headers = {
    'user-agent': `Octavo/${version}`,
    accept: 'application/yaml, application/zip, text/plain;q=0.9, */*;q=0.1',
    'accept-encoding': 'identity',
    ...(etag !== null && { 'if-none-match': etag }),
    ...(lastModified !== null && { 'if-modified-since': lastModified }),
  }
  const request = { method: 'GET' as const, url: new URL(url), headers, signal, allowsPrivate }
  try {
    return await host.outgoing({ ...request, limits })
  } catch (err) {
    if (!(err instanceof OutgoingFault)) throw err
    if (err.code !== 'address_refused')
      throw unavailable(`There was no answer from ${shownUrl(url)}: ${err.code}.`)
    const detail = `${shownUrl(url)} has no public address, or none at all.`
    throw new JobFailure('address_refused', detail, true)
  }
}

type Answered = { reply: OutgoingReply; url: string }

async function answerOf(
  { deps }: JobContext,
  { etag, lastModified }: Asking,
  { reply, url }: Answered,
): Promise<SourceAnswer> {
  const { statusCode, headers } = reply
  const isConditional = etag !== null || lastModified !== null
  if (statusCode === 304 && isConditional)
    return { bytes: null, url: shownUrl(url), etag, lastModified }
  if (statusCode !== 200) throw statusFailure({ reply, url }, deps.now())
  requireReadable(reply)
  return {
    bytes: await readAll(reply),
    url: shownUrl(url),
    etag: validatorOf(headers.etag),
    lastModified: validatorOf(headers['last-modified']),
  }
}

/** One that is sent back as it came; of absurd length it is none. */
const validatorOf = (value: string | undefined): string | null =>
  value !== undefined && /^[\x20-\x7e]{1,1000}$/.test(value) ? value : null

function statusFailure({ reply: { statusCode, headers }, url }: Answered, now: Date): JobFailure {
  const detail = `${shownUrl(url)} answered ${statusCode}.`
  if (statusCode < 500 && !passing.includes(statusCode)) return refused(detail)
  const waitMs = retryAfterMs(headers['retry-after'], now)
  return waitMs === null ? unavailable(detail) : new JobPutOff('source_unavailable', detail, waitMs)
}

/** Only a reply that says where it ends can be told from one that was cut off. */
function requireReadable({ headers }: OutgoingReply): void {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = headers
  if (encoding.trim().toLowerCase() !== 'identity')
    throw unreadable('The source is compressed, which was not asked for.')
  const type = headers['content-type']?.toLowerCase() ?? ''
  if (/^\s*(text\/html|application\/xhtml|(image|audio|video|font)\/)/.test(type))
    throw unreadable(`The source is no YAML: it says it is ${type.split(';', 1)[0]}.`)
  if (length === undefined && !headers['transfer-encoding']?.toLowerCase().includes('chunked'))
    throw unavailable('The reply does not say where it ends.')
  if (Number(length ?? 0) > sourceLimits.bytes) throw tooLarge()
}

async function readAll({ body }: OutgoingReply): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > sourceLimits.bytes) throw tooLarge()
    chunks.push(chunk)
  }
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
