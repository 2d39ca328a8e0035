import fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { World } from '../../test/fixtures/queue-command.ts'
import { queueCommands } from '../../test/fixtures/queue-commands.ts'
import { QueueModel } from '../../test/fixtures/queue-model.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'

const isLongRun = process.env.OCTAVO_TEST_LONG === '1'
const runs = isLongRun ? 300 : 12
const commandsMax = isLongRun ? 150 : 60

/** Tenants and kinds of this run alone, whose jobs no other run leases. */
async function newWorld(): Promise<World> {
  const database = await openTestDatabase()
  const tenants = [await createTenant(database.db), await createTenant(database.db)]
  const tenantIds = tenants.map(({ id }) => id)
  return { ...database, tenantIds, kinds: [`model.${uuidv7()}`, `model.${uuidv7()}`] }
}

async function remove({ sql, tenantIds }: World): Promise<void> {
  const ids = `{${tenantIds}}`
  await sql`delete from job_endings where tenant_id = any(${ids}::uuid[])`
  await sql`delete from job_dependencies where tenant_id = any(${ids}::uuid[])`
  await sql`delete from jobs where tenant_id = any(${ids}::uuid[])`
}

test('whatever is asked of the queue, in any order and by attempts that lost their lease too, it does as its model', async () => {
  let commandCount = 0
  const property = fc.asyncProperty(queueCommands(commandsMax), async (commands) => {
    const world = await newWorld()
    const model = new QueueModel()
    await fc.asyncModelRun(() => ({ model, real: world }), commands)
    commandCount += [...commands].length
    await remove(world)
  })
  const seed = Number(process.env.OCTAVO_TEST_SEED ?? Date.now() % 2 ** 31)
  await fc.assert(property, {
    numRuns: runs,
    seed,
    interruptAfterTimeLimit: isLongRun ? 240_000 : 8_000,
  })
  console.log(`model runs=${runs} commands=${commandCount} seed=${seed}`)
  expect(commandCount).toBeGreaterThan(0)
})
