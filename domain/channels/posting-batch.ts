import { afterThisTurn } from '../../db/batch.ts'
import type { Db } from '../../db/client.ts'
import { DatabaseUnavailable, isUnavailable } from '../../db/errors.ts'
import { outsideDatabaseTime, timed } from '../../db/timing.ts'
import { type NewPost, type PostOutcome, postMessages } from './posting.ts'
import type { PostingPlace } from './posting-context.ts'

/** Posts in one transaction. More gains nothing, and holds the channel longer. */
const batchPostsMax = 128
/** Posts that may wait at once, of all channels; beyond, the author is refused instead of remembered. */
const waitingMax = 5_000

/** Posts one message; see {@link postMessages}. @throws what the database throws; `unavailable` when too many wait */
export type PostMessage = (place: PostingPlace, post: NewPost) => Promise<PostOutcome>

type Waiter = { post: NewPost; resolve(outcome: PostOutcome): void; reject(err: unknown): void }

type BatchOptions = { now: () => Date; waitingMax?: number }

/**
 * Group commit: posts to one channel that arrive in one turn of the event loop, or while the ones before them are being
 * written, become one transaction. Make it once, in `createApp`.
 */
export function batchPosts(
  db: Db,
  { now, waitingMax: most = waitingMax }: BatchOptions,
): PostMessage {
  const lines = new Map<string, { place: PostingPlace; waiting: Waiter[] }>()
  let waiting = 0

  async function drain(key: string, line: { place: PostingPlace; waiting: Waiter[] }) {
    while (line.waiting.length > 0) {
      const batch = line.waiting.splice(0, batchPostsMax)
      waiting -= batch.length
      await settle(line.place, batch)
    }
    lines.delete(key)
  }

  async function settle(place: PostingPlace, batch: readonly Waiter[]): Promise<void> {
    try {
      const posts = batch.map(({ post }) => post)
      const outcomes = await db.transaction((tx) =>
        postMessages(tx, { ...place, at: now() }, posts),
      )
      batch.forEach(({ resolve }, index) => {
        resolve(outcomes[index] as PostOutcome)
      })
    } catch (err) {
      // After a lost connection nobody knows whether all of it is there: to post again could say it twice.
      if (batch.length === 1 || isUnavailable(err)) for (const { reject } of batch) reject(err)
      else for (const waiter of batch) await settle(place, [waiter])
    }
  }

  return (place, post) =>
    timed(
      () =>
        new Promise((resolve, reject) => {
          if (waiting >= most)
            throw new DatabaseUnavailable('POOL_FULL', `${most} posts wait already`)
          const key = `${place.tenantId} ${place.channelId}`
          const line = lines.get(key)
          waiting += 1
          if (line) return line.waiting.push({ post, resolve, reject })
          const opened = { place, waiting: [{ post, resolve, reject }] }
          lines.set(key, opened)
          outsideDatabaseTime(() => afterThisTurn(() => void drain(key, opened)))
        }),
    )
}
