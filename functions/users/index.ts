import * as z from 'zod'
import { insertUser, type UserRow } from '../../domain/identity/users.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { recordUserAction, requireEmail, saveUser } from './changes.ts'
import * as contract from './contract.ts'
import { listUserRows, userReader } from './queries.ts'
import { removeUser } from './removal.ts'

const toUser = (row: UserRow) => ({
  id: row.id,
  email: row.email,
  display_name: row.displayName,
  role: row.role,
  disabled: row.disabledAt !== null,
  deletion_job_id: row.deletionJobId,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})

async function existing(read: Promise<UserRow | null>): Promise<UserRow> {
  const row = await read
  if (!row) throw new AppError('not_found', 'There is nothing here.')
  return row
}

/** People and programs of a tenant. */
export const createApp = (deps: Deps) => {
  const readUser = userReader(deps.db)
  return newApp(deps, { name: 'users', summary: 'People and programs of a tenant.' })
    .on(contract.createUser, (c, { json }) =>
      c.write(async (tx) => {
        const { email = null, display_name: displayName, role } = json
        requireEmail({ role, email })
        const at = deps.now()
        const row = await insertUser(tx, { tenantId: c.tenantId, email, displayName, role }, at)
        await recordUserAction(tx, c, { action: 'user.created', id: row.id, detail: { role }, at })
        const headers = { Location: `/v1/users/${row.id}` }
        return reply(201, toUser(row), { headers, version: row.version })
      }),
    )
    .on(contract.listUsers, async (c, { query }) => {
      const { cursor, limit, ...filter } = query
      const scope = [c.tenantId, 'listUsers', filter.role, filter.disabled, filter.email].join('|')
      const after = cursor ? await c.cursors.read(scope, cursor, z.tuple([z.uuid()])) : null
      const rows = await listUserRows(deps.db, {
        ...filter,
        tenantId: c.tenantId,
        after: after?.[0] ?? null,
        limit: limit + 1,
      })
      const parts = { rows, limit, position: (row: UserRow) => [row.id], item: toUser }
      const page = await toPage({ cursors: c.cursors, scope, url: c.url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.getMe, async (c) => {
      const { tenantId, userId, keyId, role, isOperator } = identityOf(c.identity)
      const user = toUser(await existing(readUser(tenantId, userId)))
      // No ETag: the same path is another resource for another key.
      return reply(200, {
        ...user,
        tenant_id: tenantId,
        key_id: keyId,
        key_role: role,
        is_operator: isOperator,
      })
    })
    .on(contract.getUser, async (c, { param }) => {
      const row = await existing(readUser(c.tenantId, param.id))
      return reply(200, toUser(row), { version: row.version })
    })
    .on(contract.changeUser, (c, { param, json }) =>
      c.write(async (tx) => {
        const row = await saveUser(tx, c, { ...param, change: json, at: deps.now() })
        return reply(200, toUser(row), { version: row.version })
      }),
    )
    .on(contract.deleteUser, deleteHandler(deps))
}

const deleteHandler =
  ({ db, now }: Deps): Handler<typeof contract.deleteUser> =>
  async (c, { param, query }) => {
    const transferTo = query.transfer_to ?? null
    const answer = await c.write(async (tx) => {
      const jobId = await removeUser(tx, c, { ...param, transferTo, at: now() })
      if (jobId === null) return reply(204, null)
      const url = `/v1/jobs/${jobId}`
      return reply(202, { job_id: jobId, urls: { job: url } }, { headers: { Location: url } })
    })
    // Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
    const reason = answer.status === 202 ? 'queued' : 'cancel'
    ringWorkers(db, reason).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
    return answer
  }

export type UsersApp = ClientApp<ReturnType<typeof createApp>>
