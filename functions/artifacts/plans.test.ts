import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import { artifactGenerateJobKind } from '../../db/artifact-versions.ts'
import type { Database } from '../../db/client.ts'
import { appendPiece, readPieces } from '../../domain/artifacts/pieces.ts'
import { findVisibleVersion } from '../../domain/artifacts/versions.ts'
import { cancelJob, enqueueJob } from '../../domain/jobs/queue.ts'
import { addChannel } from '../../test/fixtures/channels.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { listArtifactRows, listVersionRows } from './queries.ts'

const artifactCount = 20_000
const pieceCount = 5_000

let database: Database
let reader: { tenantId: string; userId: string; role: 'viewer' }
let channelId: string
const artifactId = uuidv7()
const key = { artifactId, number: 1 }
const pieces = () => ({ ...key, tenantId: reader.tenantId, epoch: 0 })

type Filter = Partial<Parameters<typeof listArtifactRows>[2]>
const list = (filter: Filter) =>
  listArtifactRows(database.db, reader, { before: null, limit: 21, ...filter })

/** What the routes and jobs ask, each of it as they ask it. */
const asked = {
  list: () => list({}),
  next: () => list({ before: artifactId }),
  channel: () => list({ channelId }),
  status: () => list({ status: 'failed' }),
  model: () => list({ model: 'rare' }),
  creator: () => list({ createdBy: artifactId }),
  document: () => list({ documentId: artifactId }),
  message: () => list({ messageId: artifactId }),
  version: () => findVisibleVersion(database.db, reader, key),
  versions: () =>
    listVersionRows(
      database.db,
      { tenantId: reader.tenantId, id: artifactId },
      { before: null, limit: 21 },
    ),
  piece: () =>
    readPieces(database.db, pieces(), { start: 4_000, end: 4_001 })
      .next()
      .catch(() => null), // while there is none
  append: () =>
    appendPiece(database.db, pieces(), {
      ...{ offsetBytes: 1, bytes: new Uint8Array(1), jobId: null },
    }),
  ending: endJob,
}

/** A job that ends takes its version along. */
async function endJob() {
  const { tenantId } = reader
  const id = uuidv7()
  const job = { tenantId, id, kind: artifactGenerateJobKind, subjectId: artifactId }
  await database.db.transaction(async (tx) => {
    await enqueueJob(tx, job)
    await cancelJob(tx, { tenantId, id })
  })
}

// On one connection, whose plans are those of the empty tables: of the sixth run on, one plan for all values.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  const tenant = await createTenant(db)
  reader = { tenantId: tenant.id, userId: tenant.admin.id, role: 'viewer' }
  channelId = (await addChannel(db, { tenantId: tenant.id })).id
  await db.execute(sql`vacuum (analyze) artifacts, artifact_versions, artifact_pieces`)
  for (let time = 0; time < 8; time += 1) for (const ask of Object.values(asked)) await ask()
  await fill(tenant.id)
}, 60_000)

/** A thousandth has failed, is of the rare model, and in the channel. */
async function fill(tenantId: string) {
  const { db } = database
  await db.execute(sql`
    insert into artifacts (tenant_id, id, title, media_type, status, model, channel_id, created_by_user_id, created_at, updated_at)
    select ${tenantId}::uuid, case n when 1 then ${artifactId}::uuid else gen_random_uuid() end, 't', 'text/plain',
      case when n % 1000 = 0 then 'failed' else 'streaming' end, case when n % 1000 = 0 then 'rare' else 'often' end,
      case when n % 1000 = 0 then ${channelId}::uuid end, gen_random_uuid(), now(), now()
    from generate_series(1, ${artifactCount}::int) n`)
  await db.execute(sql`
    insert into artifact_versions (tenant_id, artifact_id, number, status, job_id, created_by_user_id, created_at)
    select tenant_id, id, 1, 'streaming', id, created_by_user_id, now() from artifacts where tenant_id = ${tenantId}`)
  await db.execute(sql`
    insert into artifact_pieces (tenant_id, artifact_id, number, epoch, offset_bytes, bytes)
    select ${tenantId}::uuid, ${artifactId}::uuid, 1, 0, n, 'a' from generate_series(0, ${pieceCount}::int) n`)
}

test.each([
  ['list', 500],
  ['next', 500],
  ['channel', 500],
  ['status', 500],
  ['model', 500],
  ['creator', 500],
  ['document', 500],
  ['message', 500],
  ['version', 20],
  ['versions', 20],
  ['piece', 50],
  ['append', 20],
  ['ending', 50],
] as const)('plans made on empty tables: %s reads at most %i rows', async (name, rowsMax) => {
  const tables = ['artifacts', 'artifact_versions', 'artifact_pieces', 'channels']
  expect(await rowsRead(database.db, tables, asked[name])).toBeLessThanOrEqual(rowsMax)
})
