import { Redis } from 'ioredis'
import {
  entriesMax,
  errorListKey,
  mergeEntries,
  type RecentEntry,
  type UnsentEntries,
} from './recent-entries.ts'

// No request waits for this, so it may take longer than the 150 ms of the functions' client.
const commandTimeoutMs = 1_000
const connectTimeoutMs = 2_000
const reconnectMsMax = 1_000
const mergeAttemptsMax = 5

export type RedisTarget = {
  url: string // redis:// or rediss://
  password?: string
  socket?: string // unix socket to use instead of the address
}

type Connection = { id: number; server: string }

/** The Redis list. Every method fails within about a second while Redis is away. */
export class RedisList {
  readonly #redis: Redis
  #connection: Connection | null = null
  #isOpen = false

  /** @param onReady a connection was made, and what was sent on the last one may or may not have arrived */
  constructor({ url, password, socket }: RedisTarget, onReady: () => void) {
    const options = {
      ...(password === undefined ? {} : { password }),
      connectionName: 'octavo-relay',
      enableOfflineQueue: false,
      enableReadyCheck: true,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: commandTimeoutMs,
      connectTimeout: connectTimeoutMs,
      retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, reconnectMsMax),
    }
    this.#redis = socket === undefined ? new Redis(url, options) : new Redis(socket, options)
    // Each failed attempt is an event; `isOpen` tells the state.
    this.#redis.on('error', () => {})
    this.#redis.on('close', () => {
      this.#isOpen = false
    })
    this.#redis.on('ready', () => {
      this.#isOpen = true
      onReady()
    })
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /**
   * Puts entries in front, oldest first, and late ones below their newer neighbours; nobody ever sees more than 200.
   * @throws {Error} also when a neighbour is not there: merge then
   */
  async push({ newest, late }: UnsentEntries): Promise<void> {
    const commands = this.#redis.multi()
    if (newest.length > 0) commands.lpush(errorListKey, ...newest)
    for (const { json, below } of late) commands.linsert(errorListKey, 'AFTER', below, json)
    const replies = await commands.ltrim(errorListKey, 0, entriesMax - 1).exec()
    throwFailed(replies)
    const lengths = replies?.slice(0, -1).map(([, length]) => Number(length)) ?? []
    // LINSERT says -1 for no such neighbour and 0 for no list.
    if (lengths.some((length) => length < 1))
      throw new Error(`${errorListKey} lacks an entry that it held`)
  }

  /**
   * Joins our entries with those that Redis holds and writes the newest 200 of both, so that entries neither vanish
   * nor stand twice, whatever had arrived of the last connection's commands.
   * @returns what the list now holds, oldest first
   */
  async merge(ours: readonly RecentEntry[]): Promise<RecentEntry[]> {
    await this.#endLastConnection()
    for (let attempt = 0; attempt < mergeAttemptsMax; attempt += 1) {
      await this.#redis.watch(errorListKey)
      const theirs = await this.#redis.lrange(errorListKey, 0, -1)
      const merged = mergeEntries(theirs, ours)
      const jsons = merged.map(({ json }) => json)
      if (isSame(jsons, theirs.toReversed())) {
        await this.#redis.unwatch()
        return merged
      }
      const replies = await this.#redis
        .multi()
        .del(errorListKey)
        .lpush(errorListKey, ...jsons)
        .ltrim(errorListKey, 0, entriesMax - 1)
        .exec()
      // null: somebody wrote in between.
      if (replies === null) continue
      throwFailed(replies)
      return merged
    }
    throw new Error(`${errorListKey} changed at each of ${mergeAttemptsMax} attempts to merge`)
  }

  /** Gives up the connection, whose state is unknown, and makes a new one. */
  reconnect(): void {
    this.#isOpen = false
    this.#redis.disconnect(true)
  }

  close(): void {
    this.#redis.disconnect()
  }

  /**
   * A frozen Redis still runs what it had received when it wakes, after we have long reconnected. Ending that
   * connection on its side makes sure that nothing of it comes later. Where this is forbidden the risk stays.
   */
  async #endLastConnection(): Promise<void> {
    const last = this.#connection
    this.#connection = await this.#identify()
    if (!last || !this.#connection || last.server !== this.#connection.server) return
    if (last.id !== this.#connection.id)
      await this.#redis.client('KILL', 'ID', last.id).catch(() => {})
  }

  async #identify(): Promise<Connection | null> {
    try {
      const [id, info] = await Promise.all([this.#redis.client('ID'), this.#redis.info('server')])
      return { id, server: /run_id:(\w+)/.exec(info)?.[1] ?? '' }
    } catch {
      // A Redis that forbids these commands still takes entries.
      return null
    }
  }
}

function throwFailed(replies: [error: Error | null, result: unknown][] | null): void {
  for (const [error] of replies ?? []) if (error) throw error
}

const isSame = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index])
