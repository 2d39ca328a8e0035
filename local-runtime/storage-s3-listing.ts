import type { ListedObject } from '../functions/_shared/ports/storage.ts'
import { readStorageKey } from './storage-listing.ts'
import type { S3Client } from './storage-s3-client.ts'
import { abortUpload } from './storage-s3-upload.ts'
import { element, elements } from './storage-s3-xml.ts'

const abandonedMs = 3_600_000

type Bucket = { client: S3Client; prefix: string }

/** Every object whose key is one of ours, in the order of keys, a page of the store at a time. */
export async function* listObjects(bucket: Bucket): AsyncGenerator<ListedObject> {
  const { client, prefix } = bucket
  for (let token: string | null = null; ; ) {
    const query = { 'list-type': '2', 'encoding-type': 'url', prefix }
    const next = token === null ? {} : { 'continuation-token': token }
    const { text } = await client.ask({ method: 'GET', query: { ...query, ...next } })
    for (const entry of elements(text, 'Contents')) {
      const object = listed(prefix, entry)
      if (object) yield object
    }
    token = element(text, 'NextContinuationToken')
    if (element(text, 'IsTruncated') !== 'true' || token === null) return
  }
}

function listed(prefix: string, entry: string): ListedObject | null {
  const storageKey = keyOf(prefix, entry)
  const told = readStorageKey(storageKey)
  const modifiedAt = new Date(element(entry, 'LastModified') ?? '')
  if (told === null || Number.isNaN(modifiedAt.getTime())) return null
  return { storageKey, ...told, bytes: Number(element(entry, 'Size')), modifiedAt }
}

/** Ends the uploads that killed processes left open more than an hour ago: their parts cost room and are in no listing. */
export async function abortAbandoned({ client, prefix }: Bucket, now: Date): Promise<void> {
  let marker: Record<string, string> = {}
  for (;;) {
    const query = { uploads: '', 'encoding-type': 'url', prefix, ...marker }
    const { text } = await client.ask({ method: 'GET', query })
    for (const entry of elements(text, 'Upload')) {
      const key = keyOf(prefix, entry)
      const uploadId = element(entry, 'UploadId')
      const begunAt = new Date(element(entry, 'Initiated') ?? '')
      const isOurs = readStorageKey(key) !== null && uploadId !== null
      if (isOurs && now.getTime() - begunAt.getTime() > abandonedMs)
        await abortUpload({ client, key, uploadId })
    }
    const [keyMarker, uploadIdMarker] = ['NextKeyMarker', 'NextUploadIdMarker'].map(
      (name) => element(text, name) ?? '',
    )
    if (element(text, 'IsTruncated') !== 'true' || !keyMarker) return
    marker = { 'key-marker': decoded(keyMarker), 'upload-id-marker': uploadIdMarker ?? '' }
  }
}

function keyOf(prefix: string, entry: string): string {
  const key = decoded(element(entry, 'Key') ?? '')
  return key.startsWith(prefix) ? key.slice(prefix.length) : ''
}

// Some stores write a blank as "+", and ours have none: a key that cannot be decoded is not ours either.
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}
