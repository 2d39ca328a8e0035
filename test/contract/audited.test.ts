import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog } from '../../db/schema/index.ts'
import { exampleCall } from './example-calls.ts'
import { type Operation, setupAll } from './functions.ts'

const bench = await setupAll()

/** What deletes or sends out something and is not audited, and why not. */
const untold: Readonly<Record<string, string>> = {
  deleteAnnotation: 'The region stays, with its history; it can be restored.',
  deleteMessage: 'The message stays without its text, and an event of the channel says who did it.',
  removeChannelMember: 'An event of the channel says so.',
  removeReaction: 'An event of the channel says so.',
  unlockAnnotation: 'A lock ends by itself within minutes.',
  unlinkPlace: 'The place and the document stay; they can be linked again.',
  withdrawTemplate: 'What a document expects can be expected again; nothing is lost.',
}

function isToBeTold({ functionName, route, path }: Operation): boolean {
  if (route.role === 'operator') return false // of no tenant
  const isIdentity = ['users', 'keys'].includes(functionName) && route.method !== 'get'
  const letsOthersIn = route.method === 'post' && /\/(shares|invites|subscriptions)$/.test(path)
  return route.method === 'delete' || path.endsWith('/export') || isIdentity || letsOthersIn
}

/** Each request has an id of its own, and so each row is that of one request. */
const rowsOf = (requestId: string) =>
  bench.db.$count(
    auditLog,
    and(eq(auditLog.tenantId, bench.tenant.id), eq(auditLog.requestId, requestId)),
  )

const told = bench.operations.filter(isToBeTold).map((one) => [one.route.operationId, one] as const)

test.each(told)(
  '%s is told of in the audit log, or is said to need no telling',
  async (id, one) => {
    const reply = await (await exampleCall(bench, one))()
    await reply.body?.cancel()
    const rows = await rowsOf(reply.headers.get('x-request-id') ?? '')
    expect({ id, isTold: rows > 0 }).toEqual({ id, isTold: !(id in untold) })
  },
)

test('what is said to need no telling is there', () => {
  const ids = new Set(told.map(([id]) => id))
  expect(Object.keys(untold).filter((id) => !ids.has(id))).toEqual([])
})
