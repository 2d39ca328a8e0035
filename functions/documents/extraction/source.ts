import { type DocumentOfJob, findDocumentSource } from '../../../domain/documents/processing.ts'
import { JobFailure } from '../../../domain/jobs/outcome.ts'
import { unseal } from '../../_shared/access/seal.ts'
import type { JobContext } from '../../_shared/ports/jobs.ts'
import type { StartMessage } from './protocol.ts'
import { temporaryCopy } from './temporary-copy.ts'

export type Source = Pick<StartMessage, 'path' | 'kind' | 'password'>

/**
 * A copy of a document's bytes that a child process can open; leaving the scope removes it.
 * @throws {DocumentGone} @throws {JobFailure} the bytes are not there
 */
export async function openSource(
  { deps, host, signal }: JobContext,
  of: DocumentOfJob,
): Promise<Source & AsyncDisposable> {
  const { kind, passwordSealed, storageKey } = await findDocumentSource(deps.db, of)
  const password = passwordSealed ? await unseal(deps.config.secret, passwordSealed) : null
  const body = await deps.storage.get(storageKey)
  if (!body) throw new JobFailure('damaged', 'The stored file is missing.', true)
  const copy = await temporaryCopy(host.temporaryFolder, body, signal)
  return { ...copy, kind, password }
}
