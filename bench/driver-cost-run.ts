// One run of driver-cost.ts: node driver-cost-run.ts <driver entry> <database url> <queries>.
// Prints microseconds of processor time a query, of the first and of the last queries, as JSON.
import type Postgres from 'postgres'

const [, , entry = '', url = '', queriesText = ''] = process.argv
const { default: postgres } = (await import(entry)) as { default: typeof Postgres }

const windowQueries = 10_000
const warmUpQueries = 60_000
/** Enough that no connection's queue is ever empty, few enough that no connection is ever full. */
const lanes = 64
const openPool = () => postgres(url, { max: 4, fetch_types: false, onnotice: () => {} })

// The compiler warms up on a pool of its own: a new pool's queues are new.
const warm = openPool()
await run(warm, warmUpQueries)
await warm.end()

const windows = await run(openPool(), Number(queriesText))
const last = windows.slice(-5).toSorted((a, b) => a - b)[2]
console.log(JSON.stringify({ first: windows[0], last }))
process.exit(0)

/** Processor time a query in microseconds, of each window. */
async function run(sql: Postgres.Sql, queries: number): Promise<number[]> {
  const costs: number[] = []
  let started = 0
  let done = 0
  let usage = process.cpuUsage()
  const lane = async () => {
    while (started < queries) {
      started += 1
      await sql`select ${started}::int as n`
      done += 1
      if (done % windowQueries !== 0) continue
      const { user, system } = process.cpuUsage(usage)
      costs.push((user + system) / windowQueries)
      usage = process.cpuUsage()
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return costs
}
