import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { publicUrl } from '../../domain/outgoing/urls.ts'
import { seal } from '../_shared/access/seal.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { deleteWebhookRow, holdWebhook, insertWebhook, saveWebhook } from './queries.ts'
import { newSecret } from './secrets.ts'

const webhooksMax = 20 // of a tenant: each of its changes is sent to all of them
const hourMs = 3_600_000

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** The webhook to change, locked, in a version that the caller expects. */
async function openWebhook(tx: Tx, c: Call, id: string): Promise<contract.WebhookRow> {
  const row = await holdWebhook(tx, c.tenantId, id)
  if (!row) throw missing()
  requireVersion(c, row.version)
  return row
}

type Action = { action: string; at: Date; detail?: Record<string, unknown> }

function record(tx: Tx, c: Call, { id }: contract.WebhookRow, action: Action): Promise<void> {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const subject = { subjectType: 'webhook', subjectId: id, requestId: c.requestId }
  return appendAudit(tx, { ...subject, tenantId, actor: { userId, keyId }, ...action })
}

const by = (c: Call, at: Date) => ({ updatedByUserId: c.userId, updatedAt: at })

const disabled = (at: Date) => ({ disabledAt: at, disabledReason: 'asked' as const })
const enabled = { disabledAt: null, disabledReason: null, failingSince: null }

/** @throws {AppError} `invalid` */
function requireReceiver(text: string, { config }: Deps): string {
  const { url, fault } = publicUrl(text, config.webhooksAllowPrivate)
  if (url !== null) return url
  const error = { in: 'body' as const, pointer: '/url', code: 'not_allowed', detail: fault }
  throw new AppError('invalid', 'Nothing can be sent to this URL.', { errors: [error] })
}

export const createHandler =
  (deps: Deps): Handler<typeof contract.createWebhook> =>
  async (c, { json }) => {
    const { enabled: isEnabled, ...fields } = json
    const url = requireReceiver(json.url, deps)
    const secret = newSecret()
    const secretSealed = await seal(deps.config.secret, secret)
    return c.write(async (tx) => {
      const at = deps.now()
      const values = { tenantId: c.tenantId, id: uuidv7(), ...fields, url, secretSealed }
      const times = { ...by(c, at), createdAt: at, ...(isEnabled ? {} : disabled(at)) }
      const row = await insertWebhook(tx, { ...values, ...times }, webhooksMax)
      if (!row) throw new AppError('conflict', `A tenant has at most ${webhooksMax} webhooks.`)
      await record(tx, c, row, { action: 'webhook.created', at })
      const headers = { Location: `/v1/webhooks/${row.id}` }
      return reply(201, { ...contract.toWebhook(row), secret }, { headers, version: row.version })
    })
  }

export const changeHandler =
  (deps: Deps): Handler<typeof contract.changeWebhook> =>
  (c, { param, json }) => {
    const { url, types, description, enabled: isEnabled } = json
    const patch = {
      ...(url !== undefined && { url: requireReceiver(url, deps) }),
      ...(types && { types }),
      ...(description !== undefined && { description }),
    }
    return c.write(async (tx) => {
      const row = await openWebhook(tx, c, param.id)
      const at = deps.now()
      const switched = isEnabled !== undefined && isEnabled !== (row.disabledAt === null)
      const state = switched ? (isEnabled ? enabled : disabled(at)) : {}
      const saved = await saveWebhook(tx, row, { ...patch, ...state, ...by(c, at) })
      const action = isEnabled ? 'webhook.enabled' : 'webhook.disabled'
      if (switched) await record(tx, c, row, { action, at })
      return reply(200, contract.toWebhook(saved), { version: saved.version })
    })
  }

export const deleteHandler =
  (deps: Deps): Handler<typeof contract.deleteWebhook> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const row = await openWebhook(tx, c, param.id)
      await deleteWebhookRow(tx, row)
      await record(tx, c, row, { action: 'webhook.deleted', at: deps.now() })
      return reply(204, null)
    })

export const rotateHandler =
  (deps: Deps): Handler<typeof contract.rotateSecret> =>
  async (c, { param, json: { overlap_hours: hours } }) => {
    const secret = newSecret()
    const secretSealed = await seal(deps.config.secret, secret)
    return c.write(async (tx) => {
      const row = await openWebhook(tx, c, param.id)
      const at = deps.now()
      const isKept = hours > 0
      const saved = await saveWebhook(tx, row, {
        ...{ secretSealed, ...by(c, at) },
        previousSecretSealed: isKept ? row.secretSealed : null,
        previousSecretUntil: isKept ? new Date(at.getTime() + hours * hourMs) : null,
      })
      await record(tx, c, row, {
        ...{ action: 'webhook.secret_rotated', at },
        detail: { overlap_hours: hours },
      })
      const body = { ...contract.toWebhook(saved), secret }
      return reply(201, body, { version: saved.version })
    })
  }
