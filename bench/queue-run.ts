// One contestant of queue.ts, in a process of its own: node queue-run.ts <order as JSON>.
import { loadContestant } from './queue/contestants.ts'
import { measure, measureGrowth } from './queue/measures.ts'
import type { Answer, Order } from './queue/order.ts'
import { openProbe } from './queue/probe.ts'

const order: Order = JSON.parse(process.argv[2] ?? '')
const { name, servers, plan } = order
const contestant = await loadContestant(name)
const unknown = Object.keys(order.settings).filter((setting) => !(setting in contestant.settings))
if (unknown.length > 0) throw new TypeError(`${name} has no setting "${unknown.join(', ')}".`)
const settings = { ...contestant.settings, ...order.settings }
const queue = await contestant.open(servers, settings)
const answer: Answer =
  plan.parts > 0
    ? { settings, growth: await measureGrowth(queue, plan) }
    : { settings, figures: await measure(queue, plan, settle) }
await queue.close()
process.send?.(answer, () => process.exit(0))

/** Statistics are fresh and dead rows are gone for all, whenever autovacuum would have come. */
async function settle(): Promise<void> {
  const sql = openProbe(servers)
  await sql`vacuum analyze`
  await sql`checkpoint`
  await sql.end()
}
