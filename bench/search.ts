import { loadavg } from 'node:os'
import postgres from 'postgres'
import {
  bareSql,
  type HitType,
  overHttp,
  type Query,
  ranking,
  sqlite,
  type Timed,
} from './search/contestants.ts'
import { messageCount, pageCount } from './search/corpus.ts'
import { fill } from './search/filling.ts'
import { startStack } from './stack.ts'

/*
 * Search over 200,000 messages in 1,000 channels and 200,000 pages, for words in one text to words in all: by one who sees
 * a tenth of the channels and by one who sees them all; its ranking alone, which is to take 10 ms of the database at most, also
 * in time of the processor, which other work moves less; the newest matches without ranks (the limit); and SQLite's FTS5 in memory (a
 * peer), which sees a tenth too. In turn, warm. Run: `npm run bench search -- [--rounds 30]`
 */
const port = 18_800
const rankingMsMax = 10
const warmRounds = 3
const roundsAt = process.argv.indexOf('--rounds')
const rounds = roundsAt < 0 ? 30 : Number(process.argv[roundsAt + 1])

const word = (name: string, web: string, stem = web): Query => ({
  ...{ name, web, tsquery: `'${stem}'`, match: web },
})

const queries: readonly Query[] = [
  word('in one text', 'singular'),
  word('in 0.02 %', 'rareword'),
  word('in 0.2 %', 'scarce', 'scarc'),
  word('in 2 %', 'frequent'),
  word('in 10 %', 'usual'),
  word('in 30 %', 'common'),
  word('in 60 %', 'mostly', 'most'),
  word('in nearly all', 'kalo'),
  { name: 'phrase', web: '"net thirty"', tsquery: `'net' <-> 'thirti'`, match: '"net thirty"' },
  { name: 'prefix', web: 'invo*', tsquery: `'invo':*`, match: 'invo*' },
  {
    name: 'two words',
    web: 'common frequent',
    tsquery: `'common' & 'frequent'`,
    match: 'common frequent',
  },
  {
    name: 'one without another',
    web: 'common -mostly',
    tsquery: `'common' & !'most'`,
    match: 'common NOT mostly',
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
    ranking: ranking(stack, filled.keys.tenth, sql),
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
  console.log(`\n${type}, ${query.name} (ms: p50 / p95)`)
  for (const [name, timed] of Object.entries(times)) console.log(line(name, timed))
}

function line(name: string, timed: readonly Timed[]): string {
  const parts = [`  ${name.padEnd(14)}${quantiles(timed.map(({ ms }) => ms))}`]
  const ofDatabase = timed.flatMap(({ databaseMs }) => databaseMs ?? [])
  const ofProcessor = timed.flatMap(({ cpuMs }) => cpuMs ?? [])
  if (ofDatabase.length > 0) parts.push(`database ${quantiles(ofDatabase)}`)
  if (ofProcessor.length > 0)
    parts.push(`processor ${quantiles(ofProcessor)} (at most ${rankingMsMax})`)
  return [...parts, `${timed[0]?.hits} hits`].join(', ')
}

function quantiles(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1)
  return `${at(0.5)} / ${at(0.95)}`
}

function load(): string {
  return loadavg()[0]?.toFixed(1) ?? ''
}
