import { expect, test } from 'vitest'
import { carriesTenant, tenantTables } from './statements.ts'
import { systemCalls, systemStatements } from './system-statements.ts'

test('tenant tables are those with a tenant_id, and tenants is not one', () => {
  expect(tenantTables).toContain('documents')
  expect(tenantTables).toContain('run_events')
  expect(tenantTables).not.toContain('tenants')
})

test.each([
  'select "tenant_id", "id" from "documents" where "documents"."id" = $1',
  'update jobs set status = $1 where id = $2',
  'delete from api_keys where id = $1',
  'insert into users (id, email) values ($1, $2)',
  'select 1 from documents d join blobs b on b.sha256 = d.sha256 where d.tenant_id = $1',
  'with gone as (delete from jobs where tenant_id = $1 returning *) select * from job_history',
  'select 1 from users u join api_keys k on k.tenant_id = u.tenant_id and k.tenant_id = u.tenant_id where k.id = $1',
  'select 1 from users, documents where users.tenant_id = $1',
  'update documents set tenant_id = tenant_id where id = $1',
])('a statement without the tenant is refused: %s', (text) => {
  expect(carriesTenant(text)).toBe(false)
})

test.each([
  'select "id" from "documents" where ("documents"."tenant_id" = $1 and "documents"."id" = $2)',
  'select "documents"."id", "documents"."status" from "documents" where "documents"."tenant_id" = $1',
  'insert into "users" ("tenant_id", "id") values ($1, $2)',
  'select 1 from documents d join blobs b using (tenant_id, sha256) where d.tenant_id = $1',
  'select 1 from documents d join users u on u.tenant_id = d.tenant_id where d.tenant_id = $1',
  'select 1 from jobs where (tenant_id, id) = ($1, $2)',
  'copy document_pages (tenant_id, number) from stdin',
  'with gone as (delete from jobs where tenant_id = $1 returning *) insert into job_history (tenant_id, id) select tenant_id, id from gone',
  'select 1 from jobs where tenant_id = any($1::uuid[])',
  'select 1 from jobs where tenant_id = ? and id = any(?)',
  'with i as (select $1::uuid as tenant_id) select 1 from jobs j join i on j.tenant_id = i.tenant_id',
  'select id from tenants where name = $1',
  'update jobs j set kind = $2 from unnest($1::uuid[]) with ordinality as l(tenant_id, number) where j.tenant_id = l.tenant_id',
])('a statement with the tenant of each table passes: %s', (text) => {
  expect(carriesTenant(text)).toBe(true)
})

test('the statements without a tenant are these, and each says its name', async () => {
  const names = [
    ...[
      'countEndedJobs',
      'countOpenJobs',
      'deleteExpiredIdempotencyKeys',
      'deleteOldWebhookEvents',
      'findJobAnywhere',
    ],
    ...['findKey', 'hasLimits', 'leaseJobs', 'leaseLimitedJobs', 'listAllJobs'],
    ...[
      'listExpiredTrash',
      'listJobLimits',
      'listLeastUsedPageImages',
      'listRecentFailures',
      'listRunningJobs',
      'listTenantsWithEnded',
      'listWorkers',
    ],
    ...['lockDueSchedules', 'msUntilNextSchedule'],
    ...['promoteDueJobs', 'readQueueCounters', 'readWaitFacts', 'recoverExpiredLeases'],
    ...['releaseDependents', 'removeWorker', 'reportWorker', 'sumPageImageBytes'],
  ]
  expect(Object.keys(systemCalls).sort()).toEqual(names)
  const texts = [...(await systemStatements())]
  expect(texts).toHaveLength(names.length)
  expect(texts.filter((text) => !text.includes('/* system: '))).toEqual([])
})
