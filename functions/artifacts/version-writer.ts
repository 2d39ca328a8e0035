import { restartVersion } from '../../domain/artifacts/generating.ts'
import { appendPiece, readPieces, storable } from '../../domain/artifacts/pieces.ts'
import type { VersionRow } from '../../domain/artifacts/versions.ts'
import { holdLease } from '../../domain/jobs/lease.ts'
import { JobFailure, JobMoot } from '../../domain/jobs/outcome.ts'
import { equalBytes } from '../_shared/access/keys.ts'
import type { JobContext } from '../_shared/ports/jobs.ts'

const encoder = new TextEncoder()

/**
 * Writes what a provider says into a version, from its beginning. What an earlier attempt has stored is compared and passed
 * over; every write stands behind the job's lease.
 */
export class VersionWriter {
  readonly #context: JobContext
  readonly #version: VersionRow
  readonly #storedBytes: number // by earlier attempts
  #at = 0

  constructor(context: JobContext, version: VersionRow) {
    this.#context = context
    this.#version = version
    this.#storedBytes = version.sizeBytes
  }

  /** @returns the size of all that was said @throws {JobFailure} it is less than what it said before */
  async finish(): Promise<number> {
    if (this.#at < this.#storedBytes) throw await this.#diverged()
    return this.#at
  }

  /** @throws {LeaseLost}, {JobMoot}, and {JobFailure} when it says too much, or not what it said before */
  async write(text: string): Promise<void> {
    const bytes = encoder.encode(text)
    const { artifactBytesMax } = this.#context.deps.config
    if (this.#at + bytes.byteLength > artifactBytesMax)
      throw new JobFailure('too_long', `It would have more than ${artifactBytesMax} bytes.`, true)
    const known = Math.min(bytes.byteLength, Math.max(0, this.#storedBytes - this.#at))
    if (known > 0) await this.#compare(bytes.subarray(0, known))
    this.#at += known
    for (const piece of storable(bytes.subarray(known))) await this.#append(piece)
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { deps, job } = this.#context
    const piece = { offsetBytes: this.#at, bytes, jobId: job.id }
    const isStored = await deps.db.transaction(async (tx) => {
      await holdLease(tx, job)
      return appendPiece(tx, this.#version, piece)
    })
    if (!isStored) throw new JobMoot('The version is gone, or has ended.')
    this.#at += bytes.byteLength
  }

  async #compare(bytes: Uint8Array): Promise<void> {
    let compared = 0
    const range = { start: this.#at, end: this.#at + bytes.byteLength }
    for await (const stored of readPieces(this.#context.deps.db, this.#version, range)) {
      const said = bytes.subarray(compared, compared + stored.byteLength)
      if (!equalBytes(stored, said)) throw await this.#diverged()
      compared += stored.byteLength
    }
  }

  /** Other words than before, as after an update of a provider: the next attempt begins anew. */
  async #diverged(): Promise<JobFailure> {
    const { deps, job } = this.#context
    await deps.db.transaction(async (tx) => {
      await holdLease(tx, job)
      await restartVersion(tx, { ...this.#version, jobId: job.id })
    })
    return new JobFailure('ai_diverged', 'The AI provider said something else this time.', false)
  }
}
