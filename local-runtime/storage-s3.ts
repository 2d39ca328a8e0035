import type { ByteRange, Storage } from '../functions/_shared/ports/storage.ts'
import { keyPattern, storageKeyOf } from './storage-listing.ts'
import { newS3Client, type S3Client, type S3Options } from './storage-s3-client.ts'
import { asStoreUnavailable } from './storage-s3-failure.ts'
import { abortAbandoned, listObjects } from './storage-s3-listing.ts'
import { readObject } from './storage-s3-reading.ts'
import { uploadFile } from './storage-s3-upload.ts'
import { asUnavailable, openSpool } from './storage-spool.ts'

const sweepMs = 3_600_000
// Before the probe that waits for it gives up, so that the log gets the reason.
const checkMs = 1_200

/**
 * Storage in an S3-compatible object store, under the same keys as in a folder. A body is first written to the folder
 * `spool`: the key holds its hash, which only its end tells. With length and hash known every byte is sent signed,
 * can be sent again, and neither a temporary object nor a copy by the store is needed.
 */
export function openS3Storage(options: S3Options & { spool: string }): Storage {
  const client = newS3Client(options)
  const spool = openSpool(options.spool)
  const bucket = { client, prefix: options.prefix }
  const sweep = hourlySweep(() => abortAbandoned(bucket, new Date()))
  return {
    async put(tenantId, body, bytesMax) {
      sweep()
      const spooling = { body, bytesMax, isSynced: false }
      return failing(() =>
        spool.hold(spooling, async (spooled) => {
          const storageKey = storageKeyOf(tenantId, spooled.digest)
          await uploadFile(client, storageKey, spooled)
          return { storageKey, sha256: new Uint8Array(spooled.digest), bytes: spooled.bytes }
        }),
      )
    },
    get: (storageKey, range) => failing(() => get(client, storageKey, range)),
    async delete(storageKey) {
      if (!keyPattern.test(storageKey)) return
      await failing(() => client.ask({ method: 'DELETE', key: storageKey }))
    },
    async *list() {
      try {
        yield* listObjects(bucket)
      } catch (err) {
        throw asStoreUnavailable(err)
      }
    },
    async check() {
      const head = { method: 'HEAD', attempts: 1, deadlineMs: checkMs } as const
      await failing(() => Promise.all([client.ask(head), spool.check()]))
    },
  }
}

const get = async (client: S3Client, storageKey: string, range?: ByteRange) =>
  keyPattern.test(storageKey) ? readObject(client, storageKey, range) : null

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (err) {
    throw asUnavailable(asStoreUnavailable(err))
  }
}

/** Runs beside the upload that finds it due: nobody waits for it, and what fails now is found by the next. */
function hourlySweep(work: () => Promise<void>): () => void {
  let sweptAtMs = 0
  return () => {
    if (Date.now() - sweptAtMs < sweepMs) return
    sweptAtMs = Date.now()
    void work().catch(() => {})
  }
}
