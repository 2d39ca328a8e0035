import { createHash, randomUUID } from 'node:crypto'
import { AppError } from '../../functions/_shared/http/problems.ts'
import type { Storage } from '../../functions/_shared/ports/storage.ts'

type Objects = Map<string, Uint8Array<ArrayBuffer>>
type Options = { now?: () => Date }

const digest = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Storage in memory, with the contract of the real one; `objects` is what lies in it. */
export function memoryStorage({ now = () => new Date() }: Options = {}): Storage & {
  objects: Objects
} {
  const objects: Objects = new Map()
  const storedAt = new Map<string, Date>()
  return {
    objects,
    async put(tenantId, body, bytesMax) {
      const bytes = await collect(body, bytesMax)
      const storageKey = `${tenantId}/${randomUUID()}`
      objects.set(storageKey, bytes)
      storedAt.set(storageKey, now())
      return { storageKey, sha256: digest(bytes), bytes: bytes.length }
    },
    async get(storageKey, range) {
      const bytes = objects.get(storageKey)
      if (!bytes) return null
      return new Blob([range ? bytes.slice(range.start, range.endInclusive + 1) : bytes]).stream()
    },
    async delete(storageKey) {
      objects.delete(storageKey)
    },
    async *list() {
      for (const storageKey of [...objects.keys()].sort()) {
        const [tenantId = ''] = storageKey.split('/')
        const [bytes, modifiedAt] = [objects.get(storageKey), storedAt.get(storageKey)]
        if (!bytes || !modifiedAt) continue
        yield { storageKey, tenantId, sha256: digest(bytes), bytes: bytes.length, modifiedAt }
      }
    },
    async check() {},
  }
}

async function collect(body: ReadableStream<Uint8Array>, bytesMax: number) {
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of body) {
    total += chunk.length
    if (total > bytesMax) {
      throw new AppError('payload_too_large', `The body is larger than ${bytesMax} bytes.`)
    }
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks, total))
}
