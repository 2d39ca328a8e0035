import type { Db } from '../../db/client.ts'
import {
  type KeptPageImage,
  listLeastUsedPageImages,
  sumPageImageBytes,
} from '../../db/system-page-images.ts'
import { dropPageImage } from './page-images.ts'

const imagesPerRead = 500

type Bounds = {
  bytesMax: number
  /** Pictures that nobody has looked at since. */
  usedBefore: Date
  signal: AbortSignal
  /** Deletes stored bytes whose row is gone. */
  deleteBytes(storageKey: string): Promise<void>
}

/**
 * Drops pictures that nobody has looked at for long, then those used longest ago until the rest fits. Whoever still wants
 * one has it drawn again. Any number of workers may do it at once.
 * @returns how many went
 */
export async function boundPageImages(db: Db, bounds: Bounds): Promise<number> {
  const { bytesMax, usedBefore } = bounds
  const aged = await dropWhile(db, bounds, { usedBefore, isOver: () => true })
  let bytes = await sumPageImageBytes(db)
  const isOver = (dropped: number) => {
    bytes -= dropped
    return bytes > bytesMax
  }
  return aged + (isOver(0) ? await dropWhile(db, bounds, { usedBefore: null, isOver }) : 0)
}

type Which = { usedBefore: Date | null; isOver(droppedBytes: number): boolean }

async function dropWhile(db: Db, bounds: Bounds, { usedBefore, isOver }: Which): Promise<number> {
  let dropped = 0
  for (;;) {
    const images = await listLeastUsedPageImages(db, { usedBefore, limit: imagesPerRead })
    const droppedBefore = dropped
    for (const image of images) {
      if (bounds.signal.aborted) return dropped
      if (await drop(db, bounds, image)) dropped += 1
      if (!isOver(image.bytes)) return dropped
    }
    if (images.length < imagesPerRead || dropped === droppedBefore) return dropped
  }
}

// The row first: bytes without a row are found by the daily sweep, a row without bytes is met by a reader.
async function drop(db: Db, { deleteBytes }: Bounds, image: KeptPageImage): Promise<boolean> {
  const { storageKey, bytes: _, ...place } = image
  const isGone = await dropPageImage(db, place, storageKey)
  if (isGone && storageKey !== null) await deleteBytes(storageKey)
  return isGone
}
