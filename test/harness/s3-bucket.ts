import { createHash, randomUUID } from 'node:crypto'

export type FakeObject = { bytes: Buffer; modifiedAt: Date }
export type FakeUpload = { key: string; begunAt: Date; parts: Map<number, Buffer> }

/** What a call answers: XML as text, or bytes of an object. */
export type FakeAnswer = {
  status: number
  headers?: Record<string, string>
  body?: Buffer | string
}

export type FakeCall = {
  method: string
  key: string
  query: URLSearchParams
  range: string | undefined
  body: Buffer
}

const partBytesMin = 5 * 1024 ** 2
const keysAPageMax = 1000

const etagOf = (bytes: Uint8Array) => `"${createHash('md5').update(bytes).digest('hex')}"`
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')

export const refusal = (status: number, code: string): FakeAnswer => ({
  status,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>of the host secret.example</Message></Error>`,
})

const xml = (text: string): FakeAnswer => ({
  status: 200,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${text}`,
})

/** A bucket in memory with the calls that a storage adapter makes, and the refusals of the real ones. */
export class FakeBucket {
  readonly objects = new Map<string, FakeObject>()
  readonly uploads = new Map<string, FakeUpload>()
  /** Of a listing; the real ones give a thousand. */
  keysAPage = keysAPageMax
  /** For bodies that would not fit here: parts are taken, and the object never appears. */
  forgetsParts = false

  answer(call: FakeCall): FakeAnswer {
    const { method, key, query } = call
    if (key === '') return this.#ofBucket(method, query)
    if (query.has('uploads') && method === 'POST') return this.#begin(key)
    const uploadId = query.get('uploadId')
    if (uploadId !== null) return this.#ofUpload(call, uploadId)
    if (method === 'PUT') {
      this.objects.set(key, { bytes: call.body, modifiedAt: new Date() })
      return { status: 200, headers: { ETag: etagOf(call.body) } }
    }
    if (method === 'DELETE') {
      this.objects.delete(key)
      return { status: 204 }
    }
    return this.#read(call)
  }

  #ofBucket(method: string, query: URLSearchParams): FakeAnswer {
    if (method === 'HEAD') return { status: 200 }
    if (method !== 'GET') return refusal(405, 'MethodNotAllowed')
    return query.has('uploads') ? this.#listUploads(query) : this.#list(query)
  }

  #read({ method, key, range }: FakeCall): FakeAnswer {
    const object = this.objects.get(key)
    if (!object) return refusal(404, 'NoSuchKey')
    const { bytes } = object
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? []
    if (first === undefined || method === 'HEAD')
      return { status: 200, headers: { ETag: etagOf(bytes) }, body: bytes }
    if (Number(first) >= bytes.length) return refusal(416, 'InvalidRange')
    const end = last === '' ? bytes.length : Math.min(Number(last) + 1, bytes.length)
    const headers = { 'Content-Range': `bytes ${first}-${end - 1}/${bytes.length}` }
    return { status: 206, headers, body: bytes.subarray(Number(first), end) }
  }

  #list(query: URLSearchParams): FakeAnswer {
    const after = Buffer.from(query.get('continuation-token') ?? '', 'base64').toString()
    const keys = [...this.objects.keys()]
      .filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
      .sort()
    const page = keys.slice(0, this.keysAPage)
    const isTruncated = page.length < keys.length
    const token = Buffer.from(page.at(-1) ?? '').toString('base64')
    const entries = page.map((key) => {
      const { bytes, modifiedAt } = this.objects.get(key) as FakeObject
      const fields = `<LastModified>${modifiedAt.toISOString()}</LastModified><Size>${bytes.length}</Size>`
      return `<Contents><Key>${encodeURIComponent(key)}</Key>${fields}</Contents>`
    })
    const next = isTruncated ? `<NextContinuationToken>${token}</NextContinuationToken>` : ''
    return xml(
      `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>${isTruncated}</IsTruncated>${next}${entries.join('')}</ListBucketResult>`,
    )
  }

  #listUploads(query: URLSearchParams): FakeAnswer {
    const after = query.get('upload-id-marker') ?? ''
    const all = [...this.uploads]
      .filter(([id, { key }]) => key.startsWith(query.get('prefix') ?? '') && id > after)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    const page = all.slice(0, this.keysAPage)
    const [lastId = '', last] = page.at(-1) ?? []
    const entries = page.map(
      ([id, { key, begunAt }]) =>
        `<Upload><Key>${encodeURIComponent(key)}</Key><UploadId>${escaped(id)}</UploadId><Initiated>${begunAt.toISOString()}</Initiated></Upload>`,
    )
    const next = `<NextKeyMarker>${encodeURIComponent(last?.key ?? '')}</NextKeyMarker><NextUploadIdMarker>${escaped(lastId)}</NextUploadIdMarker>`
    return xml(
      `<ListMultipartUploadsResult><IsTruncated>${page.length < all.length}</IsTruncated>${next}${entries.join('')}</ListMultipartUploadsResult>`,
    )
  }

  #begin(key: string): FakeAnswer {
    const uploadId = `${randomUUID()}"&+/=~`
    this.uploads.set(uploadId, { key, begunAt: new Date(), parts: new Map() })
    return xml(
      `<InitiateMultipartUploadResult><UploadId>${escaped(uploadId)}</UploadId></InitiateMultipartUploadResult>`,
    )
  }

  #ofUpload({ method, key, query, body }: FakeCall, uploadId: string): FakeAnswer {
    const upload = this.uploads.get(uploadId)
    if (upload?.key !== key) return refusal(404, 'NoSuchUpload')
    if (method === 'DELETE') {
      this.uploads.delete(uploadId)
      return { status: 204 }
    }
    if (method === 'POST') return this.#complete(upload, uploadId, body.toString())
    if (!this.forgetsParts) upload.parts.set(Number(query.get('partNumber')), body)
    return { status: 200, headers: { ETag: etagOf(body) } }
  }

  #complete({ key, parts }: FakeUpload, uploadId: string, list: string): FakeAnswer {
    const named = [...list.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>(.+?)<\/ETag>/g)]
    const bodies = named.map(([, number = '', etag]) => {
      const part = parts.get(Number(number))
      return part && etagOf(part) === etag ? part : null
    })
    if (this.forgetsParts) {
      this.uploads.delete(uploadId)
      return xml('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>')
    }
    if (bodies.length === 0 || bodies.includes(null)) return refusal(400, 'InvalidPart')
    const whole = bodies.filter((part) => part !== null)
    if (whole.slice(0, -1).some((part) => part.length < partBytesMin))
      return refusal(400, 'EntityTooSmall')
    this.objects.set(key, { bytes: Buffer.concat(whole), modifiedAt: new Date() })
    this.uploads.delete(uploadId)
    return xml('<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>')
  }
}
