import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { tellWebhooks } from '../../db/webhook-events.ts'
import type { EventData, EventType } from './event-types.ts'

/** What has happened to what. */
export type Change<T extends EventType = EventType> = {
  tenantId: string
  type: T
  subjectId: string // of what the type is about: a document, an annotation, a batch
  data: EventData<T>
}

/**
 * Tells the tenant's webhooks of a change, in its transaction: they hear of it if and only if that commits, at least
 * once each. Where nobody asked for it, one look into an index.
 */
export async function publishChange<T extends EventType>(
  tx: Tx,
  { tenantId, type, subjectId, data }: Change<T>,
): Promise<void> {
  // By itself, because the statement that writes costs thrice as much even when it finds nobody to write to.
  const asked = await tx.execute(sql`select 1 from webhook_endpoints
    where tenant_id = ${tenantId} and disabled_at is null and types ?| array['*', ${type}::text] limit 1`)
  if (asked.length === 0) return
  await tx.execute(sql`with ${tellWebhooks(sql`select ${tenantId}::uuid as tenant_id,
      ${type}::text as type, ${subjectId}::uuid as subject_id, ${JSON.stringify(data)}::jsonb as data`)}
    select 1`)
}
