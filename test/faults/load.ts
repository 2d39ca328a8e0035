import { createHash, randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '../harness/eventually.ts'
import type { Stack } from '../harness/stack.ts'

/** What was acknowledged: it must be there for ever. */
type Kept = { documents: Map<string, string>; users: Map<string, string> }

export type Failure = { status: number; requestId: string | null; path: string }

// Enough that something is under way at every moment, and that two cores are left for the stack.
const betweenMs = 15
const verifyMs = 20_000

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const isFinal = (status: number) => status >= 200 && status < 300

/** Uploads, row writes, reads and searches at once, with a ledger of all that was acknowledged. */
export class Load {
  readonly #stack: Stack
  readonly #kept: Kept = { documents: new Map(), users: new Map() }
  readonly #loops: Promise<void>[]
  readonly failures: Failure[] = []
  requests = 0
  longestMs = 0
  /** Requests that were ended by the client, later than every deadline of ours. */
  hung = 0
  #isOver = false

  constructor(stack: Stack) {
    this.#stack = stack
    const work = [
      ...[() => this.#upload(), () => this.#upload(), () => this.#writeRow()],
      ...[() => this.#read(), () => this.#read(), () => this.#search()],
    ]
    this.#loops = work.map((step) => this.#repeat(step))
  }

  get acknowledged(): number {
    return this.#kept.documents.size + this.#kept.users.size
  }

  /** Lets what is under way come to its end. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#loops)
  }

  /** The ids of what was acknowledged and is not there, or not whole. */
  async lost(): Promise<string[]> {
    const { documents, users } = this.#kept
    const areBytesWhole = async ([id, digest]: [string, string]) => {
      const content = await this.#fetchSurely(`/v1/documents/${id}/content`)
      return sha256(new Uint8Array(await content.arrayBuffer())) === digest
    }
    const isRowThere = async ([id, email]: [string, string]) => {
      const user = (await (await this.#fetchSurely(`/v1/users/${id}`)).json()) as { email?: string }
      return user.email === email
    }
    const lost: string[] = []
    const look = async (kept: Map<string, string>, isThere: typeof isRowThere) => {
      for (const entry of kept) if (!(await isThere(entry))) lost.push(entry[0])
    }
    await Promise.all([look(documents, areBytesWhole), look(users, isRowThere)])
    return lost
  }

  async #repeat(step: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await step()
      await pause(betweenMs)
    }
  }

  async #upload(): Promise<void> {
    const text = `fox ${randomUUID()} `.repeat(200)
    const path = `/v1/documents?filename=${randomUUID()}.txt`
    const reply = await this.#ask(path, { method: 'POST', body: text })
    if (reply) this.#kept.documents.set((reply as { id: string }).id, sha256(text))
  }

  async #writeRow(): Promise<void> {
    const email = `${randomUUID()}@octavo.test`
    const body = JSON.stringify({ email, display_name: 'Load', role: 'viewer' })
    const headers = { 'content-type': 'application/json' }
    const reply = await this.#ask('/v1/users', { method: 'POST', body, headers })
    if (reply) this.#kept.users.set((reply as { id: string }).id, email)
  }

  async #read(): Promise<void> {
    const ids = [...this.#kept.documents.keys()]
    const id = ids[Math.floor(Math.random() * ids.length)]
    await this.#ask(id === undefined ? '/v1/users/me' : `/v1/documents/${id}`)
  }

  async #search(): Promise<void> {
    await this.#ask('/v1/search?q=fox&limit=5')
  }

  /** The body of a 2xx; everything else is counted. */
  async #ask(path: string, init?: RequestInit): Promise<unknown> {
    const startedAt = performance.now()
    this.requests += 1
    try {
      const response = await this.#stack.request(path, init)
      const body = (await response.json()) as unknown
      if (isFinal(response.status)) return body
      const requestId = response.headers.get('x-request-id')
      this.failures.push({ status: response.status, requestId, path })
    } catch (err) {
      if ((err as Error).name === 'TimeoutError') this.hung += 1
      this.failures.push({ status: 0, requestId: null, path })
    } finally {
      this.longestMs = Math.max(this.longestMs, Math.round(performance.now() - startedAt))
    }
    return null
  }

  /** Asks again while the stack is busy or not yet back; a 404 is an answer. */
  #fetchSurely(path: string): Promise<Response> {
    return eventually(
      `an answer of ${path}`,
      async () => {
        const response = await this.#stack.request(path).catch(() => null)
        return response !== null && response.status < 429 && response
      },
      verifyMs,
    )
  }
}
