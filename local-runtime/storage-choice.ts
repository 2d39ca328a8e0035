import { join } from 'node:path'
import type { Storage } from '../functions/_shared/ports/storage.ts'
import type { Config } from './config.ts'
import { openFolderStorage } from './storage-folder.ts'
import { openS3Storage } from './storage-s3.ts'

/** The storage that the configuration names. Nothing is reached for before it is used. */
export function openStorage({ paths, objectStore }: Config): Storage {
  if (objectStore === null) return openFolderStorage(paths.storage)
  const { accessKeyId, secretAccessKey, ...place } = objectStore
  return openS3Storage({
    ...place,
    accessKeyId: accessKeyId.reveal(),
    secretAccessKey: secretAccessKey.reveal(),
    // Where the folder's uploads lie too: what one of the two left there is swept by the other.
    spool: join(paths.storage, 'unfinished'),
  })
}
