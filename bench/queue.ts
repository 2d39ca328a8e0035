import { loadavg } from 'node:os'
import { readOptions } from './queue/options.ts'
import { carryOut } from './queue/order.ts'
import { growthLine, type Runs, table } from './queue/report.ts'
import { startServers } from './queue/servers.ts'

/*
 * Octavo's queue beside graphile-worker, pg-boss and BullMQ: one Postgres, one Redis, jobs that do nothing, each
 * contestant with its best settings, alone in a process of its own on empty tables, round after round in turn.
 * Run: `npm run bench queue -- [--jobs 100000] [--rounds 3] [--only octavo,bullmq] [--short]`; `--growth` shows the
 * size of the tables over 1,000,000 jobs instead; `--set name=value` tries another setting of the contestants named.
 */
const port = 20_000

const { names, rounds, plan, settings } = readOptions(process.argv.slice(2))
const { servers, empty, stop } = await startServers(port)
const load = () => loadavg()[0]?.toFixed(1)
const runs: Runs = {}
console.log(`${plan.jobs} jobs, ${rounds} rounds, load ${load()}`)
try {
  for (let round = 0; round < rounds; round += 1)
    for (const name of names) {
      await empty()
      const answer = await carryOut({ name, servers, plan, settings })
      if (round === 0) console.log(`${name}: ${JSON.stringify(answer.settings)}`)
      if (answer.growth) console.log(growthLine(name, answer.growth))
      if (answer.figures) runs[name] = [...(runs[name] ?? []), answer.figures]
    }
  if (plan.parts === 0) console.log(`\n${table(runs)}`)
  console.log(`load at the end ${load()}`)
} finally {
  await stop()
}
