import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { eventually } from '../../test/harness/eventually.ts'
import { recordedLog } from '../../test/harness/log.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { memoryStorage } from '../../test/harness/storage.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { maintain } from './maintenance.ts'

test('maintenance removes old replies, events and files that nothing names, and makes partitions ahead', async () => {
  const { db, sql } = await openTestDatabase()
  const tenant = await createTenant(db)
  const mark = async (key: string, expiresAt: string) => sql`
    insert into idempotency_keys (tenant_id, user_id, key, token, operation_id, status, started_at, expires_at)
    values (${tenant.id}, ${tenant.admin.id}, ${key}, ${uuidv7()}, 'test', 'in_flight', ${expiresAt}, ${expiresAt})`
  await mark('old', '2026-01-01T00:00:00Z')
  await mark('new', '2030-01-01T00:00:00Z')
  const tell = (type: string, at: string) => sql`
    insert into webhook_events (tenant_id, id, type, subject_id, data, created_at)
    values (${tenant.id}, ${uuidv7()}, ${type}, ${uuidv7()}, '{}', ${at})`
  await tell('old', '2027-02-12T00:00:00Z')
  await tell('new', '2027-02-14T00:00:00Z')
  const storage = memoryStorage({ now: () => new Date('2027-03-13T00:00:00Z') })
  await storage.put(tenant.id, new Blob(['left by a killed upload']).stream(), 100)
  const stop = new AbortController()
  const log = recordedLog()
  const now = () => new Date('2027-03-15T00:00:00Z')
  const running = maintain({
    db,
    log,
    now,
    storage,
    historyDays: 30,
    trashDays: 30,
    pageImages: { bytesMax: 1, days: 30 },
    filesAfterMs: 0,
    signal: stop.signal,
  })
  await eventually('one key is left', async () => {
    const rows = await sql`select key from idempotency_keys where tenant_id = ${tenant.id}`
    return rows.length === 1 && rows[0]?.key === 'new'
  })
  await eventually('one event is left', async () => {
    const rows = await sql`select type from webhook_events where tenant_id = ${tenant.id}`
    return rows.length === 1 && rows[0]?.type === 'new'
  })
  await eventually('the partition of a later month is there', async () => {
    const [row] = await sql`select to_regclass('run_events_2027_05') is not null as found`
    return row?.found
  })
  await eventually('the file is gone', async () => storage.objects.size === 0)
  stop.abort()
  await running
  expect(log.lines.filter(({ level }) => level !== 'info')).toEqual([])
})
