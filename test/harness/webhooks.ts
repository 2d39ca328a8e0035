import { eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import { webhookEndpoints, webhookEvents } from '../../db/schema/webhooks.ts'

type Endpoint = Partial<typeof webhookEndpoints.$inferInsert>

/** An endpoint of a tenant, for all types of events, without the function that makes one. @returns its id */
export async function addEndpoint(db: Db, tenantId: string, values: Endpoint = {}) {
  const id = uuidv7()
  const required = { secretSealed: new Uint8Array(1), updatedByUserId: id }
  const url = 'https://hooks.example.com/'
  await db
    .insert(webhookEndpoints)
    .values({ tenantId, id, url, types: ['*'], ...required, ...values })
  return id
}

/** Somebody who wants to hear of everything. @returns what a tenant's webhooks have been told until now, oldest first */
export async function listenToChanges(db: Db, tenantId: string) {
  await addEndpoint(db, tenantId)
  const { type, subjectId, data, id } = webhookEvents
  return () =>
    db
      .select({ type, subjectId, data })
      .from(webhookEvents)
      .where(eq(webhookEvents.tenantId, tenantId))
      .orderBy(id)
}
