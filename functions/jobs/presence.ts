import type { Db } from '../../db/client.ts'
import { reportTenantWorker, type TenantWorker } from '../../domain/jobs/workers.ts'
import type { Log } from '../_shared/ports/log.ts'

const repeatMs = 2_000
// In this process; beyond, all of them are told again.
const workersMax = 10_000

/** Says which workers ask for jobs over HTTP, so that `why` knows of them; of each at most once in two seconds. */
export class Presence {
  readonly #db: Db
  readonly #told = new Map<string, { atMs: number; places: string }>()

  constructor(db: Db) {
    this.#db = db
  }

  /** Never rejects: nothing depends on it. */
  async tell(worker: TenantWorker, log: Log): Promise<void> {
    const key = `${worker.tenantId} ${worker.name}`
    const places = JSON.stringify(worker.places)
    const told = this.#told.get(key)
    const nowMs = performance.now()
    if (told && told.places === places && nowMs - told.atMs < repeatMs) return
    if (this.#told.size >= workersMax) this.#told.clear()
    this.#told.set(key, { atMs: nowMs, places })
    try {
      await reportTenantWorker(this.#db, worker)
    } catch (err) {
      this.#told.delete(key)
      log.warn('a worker over HTTP could not be noted', {}, err)
    }
  }
}
