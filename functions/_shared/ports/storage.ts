/** What was stored. `sha256` is the digest of exactly `bytes` bytes. */
export type StoredObject = { storageKey: string; sha256: Uint8Array; bytes: number }

/** One stored object as {@link Storage.put} made it. */
export type ListedObject = StoredObject & { tenantId: string; modifiedAt: Date }

export type ByteRange = { start: number; endInclusive: number }

/** Object storage: a folder by default, an S3-compatible store by configuration. */
export interface Storage {
  /**
   * Streams a body to storage while hashing it; memory stays flat whatever the size. Every call makes a new
   * object under a new `storageKey`; nothing is visible under that key until the whole body has been written and synced.
   * @throws {AppError} `payload_too_large` above `bytesMax`; `unavailable` when the disk is full or gone
   */
  put(tenantId: string, body: ReadableStream<Uint8Array>, bytesMax: number): Promise<StoredObject>
  /** @returns the bytes, or `null` for an unknown key */
  get(storageKey: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | null>
  /** Deleting what is not there is no error. */
  delete(storageKey: string): Promise<void>
  /**
   * Every object, read as it is asked for; those of one tenant follow each other. What is put or deleted meanwhile
   * may be among them or not.
   */
  list(): AsyncIterable<ListedObject>
  /** Can bytes be written now? For `/readyz`. */
  check(): Promise<void>
}
