import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export type S3Credential = { accessKeyId: string; secretAccessKey: string; region: string }

type Signed = { date: string; region: string; signedHeaders: string[]; signature: string }

const skewMsMax = 15 * 60_000
const headerPattern =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Uint8Array, text: string) =>
  createHmac('sha256', key).update(text).digest()

/** RFC 3986: everything but unreserved characters is escaped. */
const encoded = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/**
 * Checks a request as an object store does, from the bytes on the wire alone: AWS Signature Version 4 in the header,
 * and a hash of the body that stands in the signature.
 * @param bodySha256 of the bytes that came, in hexadecimal
 * @returns the code of the refusal, or `null`
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signatureFault(
  req: IncomingMessage,
  bodySha256: string,
  credential: S3Credential,
): string | null {
  const [, keyId, date, region, names, signature] =
    headerPattern.exec(req.headers.authorization ?? '') ?? []
  if (!keyId || !date || !region || !names || !signature) return 'AccessDenied'
  if (keyId !== credential.accessKeyId) return 'InvalidAccessKeyId'
  if (region !== credential.region) return 'AuthorizationHeaderMalformed'
  const signedHeaders = names.split(';')
  const required = ['host', 'x-amz-content-sha256', 'x-amz-date']
  if (!required.every((name) => signedHeaders.includes(name))) return 'AccessDenied'
  const at = String(req.headers['x-amz-date'])
  if (!at.startsWith(date) || Math.abs(Date.now() - timeOf(at)) > skewMsMax)
    return 'RequestTimeTooSkewed'
  const expected = signatureOf(req, { date, region, signedHeaders, signature }, credential)
  if (!timingSafeEqual(Buffer.from(expected), Buffer.from(signature)))
    return 'SignatureDoesNotMatch'
  return bodySha256 === req.headers['x-amz-content-sha256'] ? null : 'XAmzContentSHA256Mismatch'
}

const timeOf = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

function signatureOf(
  req: IncomingMessage,
  { date, region, signedHeaders }: Signed,
  { secretAccessKey }: S3Credential,
): string {
  const [path = '', query = ''] = (req.url ?? '').split('?')
  const headers = signedHeaders.map((name) => {
    const value = String(req.headers[name] ?? '')
    return `${name}:${value.trim().replace(/ +/g, ' ')}\n`
  })
  const canonical = [
    req.method,
    path
      .split('/')
      .map((part) => encoded(decodeURIComponent(part)))
      .join('/'),
    canonicalQuery(query),
    headers.join(''),
    signedHeaders.join(';'),
    req.headers['x-amz-content-sha256'],
  ].join('\n')
  const scope = `${date}/${region}/s3/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', req.headers['x-amz-date'], scope, sha256(canonical)].join(
    '\n',
  )
  const key = [region, 's3', 'aws4_request'].reduce<Buffer>(
    (parent, text) => hmac(parent, text),
    hmac(`AWS4${secretAccessKey}`, date),
  )
  return hmac(key, toSign).toString('hex')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((pair) => {
    const at = pair.indexOf('=')
    const [name, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    return [name, value].map((text) => encoded(decodeURIComponent(text.replaceAll('+', ' '))))
  })
  const ordered = pairs.map((pair) => pair.join('=')).sort()
  return ordered.join('&')
}
