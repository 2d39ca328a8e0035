import { createInBulk } from '../../domain/annotations/bulk.ts'
import type { BulkRules } from '../../domain/annotations/bulk-block.ts'
import type { StatedAnnotation } from '../../domain/annotations/bulk-line.ts'
import type { Refusal } from '../../domain/annotations/bulk-verdicts.ts'
import { identityOf } from '../_shared/http/call.ts'
import { hostileValue } from '../_shared/http/hostile.ts'
import { parseStrictly } from '../_shared/http/input.ts'
import { refuseAnnouncedLength } from '../_shared/http/json-body.ts'
import { pacedBody } from '../_shared/http/paced-body.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract-files.ts'
import { findLabelRule, type LabelRule } from './labels.ts'

const faultsOfLineMax = 20
// Nothing of a body is stored, so it may be as large as ten uploads, like a multipart body.
const uploadsMax = 10
// Each holds a transaction, and with it a connection, for as long as its caller sends.
const atomicAtOnceMax = 2

export const bulkHandler = ({ db, now, config }: Deps): Handler<typeof contract.createInBulk> => {
  let atomicRunning = 0
  return async (c, { query }) => {
    requireNdjson(c.request.headers)
    const { tenantId, userId } = identityOf(c.identity)
    const bytesMax = config.uploadBytesMax * uploadsMax
    refuseAnnouncedLength(c.request.headers, bytesMax)
    const { atomic: isAtomic, dry_run: isDryRun, template_id: templateId } = query
    const labelFault = await findLabelRule(db, tenantId, { templateId, place: 'query' })
    if (isAtomic && atomicRunning >= atomicAtOnceMax)
      throw new AppError('unavailable', 'Too many atomic requests run at once. Try again.')
    const { request, signal } = c
    const source = request.body ?? new Blob([]).stream()
    const body = pacedBody(source, { bytesMax, caller: request.signal, signal, now })
    atomicRunning += Number(isAtomic)
    try {
      const of = { tenantId, userId, at: now(), isAtomic, isDryRun }
      const log = await createInBulk(db, body, { ...of, rules: rulesOf(labelFault) })
      return streamed(c, { 'Content-Type': 'application/x-ndjson' }, async function* () {
        yield* log.texts()
      })
    } finally {
      atomicRunning -= Number(isAtomic)
    }
  }
}

const ndjsonType = /^application\/(?:x-)?(?:ndjson|jsonl|json-lines)\s*(?:;|$)/i

function requireNdjson(headers: Headers): void {
  if (ndjsonType.test(headers.get('content-type') ?? '')) return
  throw new AppError('unsupported_media_type', 'The body must be JSON, a value a line.', {
    hint: 'Send Content-Type: application/x-ndjson.',
  })
}

function rulesOf(labelFault: LabelRule): BulkRules {
  return { labelFault, read: readLine }
}

const refused = (code: Refusal['code'], errors: Refusal['errors']): Refusal => ({ code, errors })

function readLine(text: string): { stated: StatedAnnotation } | Refusal {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const detail = 'The line is not valid JSON.'
    return refused('malformed', [{ pointer: '', code: 'malformed', detail }])
  }
  const hostile = hostileValue(value)
  if (hostile) return refused('invalid', [hostile])
  const { data, faults } = parseStrictly('body', contract.BulkLine, value)
  if (!data)
    return refused(
      'invalid',
      faults.slice(0, faultsOfLineMax).map(({ in: _, ...fault }) => fault),
    )
  const { box, document_id, label_type, label_name, attributes, ...same } = data
  const [x, y, width, height] = box
  return {
    stated: {
      ...{ ...same, x, y, width, height, documentId: document_id, labelType: label_type },
      ...{ labelName: label_name, attributes: JSON.stringify(attributes) },
    },
  }
}
