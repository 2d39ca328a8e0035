import { loadavg } from 'node:os'
import postgres from 'postgres'
import {
  bareSql,
  type HitType,
  overHttp,
  type Query,
  sqlite,
  type Timed,
} from './search/contestants.ts'
import { messageCount, pageCount } from './search/corpus.ts'
import { fill } from './search/filling.ts'
import { startStack } from './stack.ts'

/*
 * Search over 200,000 messages in 1,000 channels and 50,000 pages: by one who sees a tenth of the channels and by one who
 * sees them all, beside the newest matches without ranks (the limit) and SQLite's FTS5 in memory (a peer), which sees a
 * tenth too. In turn, warm. Run: `npm run bench search -- [--rounds 60]`
 */
const port = 18_800
const warmRounds = 3
const roundsAt = process.argv.indexOf('--rounds')
const rounds = roundsAt < 0 ? 60 : Number(process.argv[roundsAt + 1])

const queries: readonly Query[] = [
  { name: 'rare', web: 'rareword', tsquery: `'rareword'`, match: 'rareword' },
  { name: 'frequent', web: 'frequent', tsquery: `'frequent'`, match: 'frequent' },
  { name: 'common', web: 'common', tsquery: `'common'`, match: 'common' },
  { name: 'phrase', web: '"net thirty"', tsquery: `'net' <-> 'thirti'`, match: '"net thirty"' },
  { name: 'prefix', web: 'invo*', tsquery: `'invo':*`, match: 'invo*' },
  {
    name: 'two words',
    web: 'common frequent',
    tsquery: `'common' & 'frequent'`,
    match: 'common frequent',
  },
]

const stack = startStack(port)
const sql = postgres(stack.databaseUrl, { max: 1, fetch_types: false, onnotice: () => {} })
try {
  const filled = await fill(stack, sql)
  await sql`set plan_cache_mode = force_custom_plan`
  const contestants = {
    'sees a tenth': overHttp(stack, filled.keys.tenth),
    'sees all': overHttp(stack, filled.keys.all),
    'no ranks': bareSql(sql, filled),
    FTS5: sqlite(),
  }
  console.log(`${messageCount} messages, ${pageCount} pages, ${rounds} rounds, load ${load()}`)
  for (const type of ['message', 'page'] as const)
    for (const query of queries) await compare(contestants, query, type)
  console.log(`load at the end ${load()}`)
} finally {
  await sql.end()
  stack.stop()
}

type Ask = (query: Query, type: HitType) => Promise<Timed>

async function compare(contestants: Record<string, Ask>, query: Query, type: HitType) {
  const times: Record<string, Timed[]> = {}
  for (let round = -warmRounds; round < rounds; round += 1)
    for (const [name, ask] of Object.entries(contestants)) {
      const timed = await ask(query, type)
      if (round >= 0) times[name] = [...(times[name] ?? []), timed]
    }
  console.log(`\n${type}, ${query.name} (ms: p50 / p99)`)
  for (const [name, timed] of Object.entries(times)) console.log(line(name, timed))
}

function line(name: string, timed: readonly Timed[]): string {
  const ofDatabase = timed.flatMap(({ databaseMs }) => databaseMs ?? [])
  const database = ofDatabase.length > 0 ? `, database ${quantiles(ofDatabase)}` : ''
  return `  ${name.padEnd(14)}${quantiles(timed.map(({ ms }) => ms))}${database}, ${timed[0]?.hits} hits`
}

function quantiles(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
  return `${at(0.5)} / ${at(0.99)}`
}

function load(): string {
  return loadavg()[0]?.toFixed(1) ?? ''
}
