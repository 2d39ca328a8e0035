import { loadavg } from 'node:os'
import postgres from 'postgres'
import { type BenchStack, startStack } from './stack.ts'

/*
 * The nearest, boxes and parts of names among 200,000 places over HTTP, in turn, warm; beside them the limit: one place read
 * by its id on the same way. Run: `npm run bench places -- [--rounds 100]`
 */
const port = 18_900
const placeCount = 200_000
const warmRounds = 5
const roundsAt = process.argv.indexOf('--rounds')
const rounds = roundsAt < 0 ? 100 : Number(process.argv[roundsAt + 1])

const stack = startStack(port)
const sql = postgres(stack.databaseUrl, { max: 1, fetch_types: false, onnotice: () => {} })
try {
  const id = await fill(sql)
  console.log(`${placeCount} places, ${rounds} rounds, load ${load()}`)
  const asked: [name: string, path: (round: number) => string][] = [
    ['limit: one by its id', () => `/${id}`],
    ['nearest 10', (n) => `/nearest?${around(n)}`],
    ['nearest 10 of a collection', (n) => `/nearest?${around(n)}&collection=rare`],
    ['nearest within 1 km', (n) => `/nearest?${around(n)}&max_distance_m=1000`],
    ['box of a degree', (n) => `?bbox=${n},${n % 60},${n + 1},${(n % 60) + 1}`],
    ['box across the antimeridian', (n) => `?bbox=179,${n % 60},-179,${(n % 60) + 1}`],
    ['box of half the globe', (n) => `?bbox=${-90 - (n % 60)},-90,90,90`],
    ['part of one name', (n) => `?q=wn%20${n}99`],
    ['part of all names', () => '?q=town'],
  ]
  const taken = asked.map((): number[] => [])
  for (let round = -warmRounds; round < rounds; round += 1)
    for (const [index, [, path]] of asked.entries()) {
      const ms = await timed(stack, `/v1/places${path(Math.abs(round) + 1)}`)
      if (round >= 0) taken[index]?.push(ms)
    }
  for (const [index, [name]] of asked.entries())
    console.log(`${name.padEnd(30)} ${summary(taken[index] ?? [])}`)
  console.log(`load at the end ${load()}`)
} finally {
  await sql.end()
  stack.stop()
}

/** A thousandth in a collection of its own. @returns the id of one */
async function fill(client: postgres.Sql): Promise<string> {
  await client`
    insert into places (tenant_id, id, collection, name, name_keys, longitude, latitude, created_by_user_id, created_at, updated_at)
    select u.tenant_id, gen_random_uuid(), case when n % 1000 = 0 then 'rare' else 'towns' end, 'Town ' || n,
      array['town ' || n], random() * 360 - 180, asin(random() * 2 - 1) * 180 / pi(), u.id, now(), now()
    from (select tenant_id, id from users limit 1) u, generate_series(1, ${placeCount}::int) n`
  await client`vacuum (analyze) places`
  const [row] = await client<{ id: string }[]>`select id from places limit 1`
  return row?.id ?? ''
}

function around(round: number): string {
  return `longitude=${((round * 37) % 360) - 180}&latitude=${((round * 17) % 180) - 90}`
}

async function timed({ baseUrl, key }: BenchStack, path: string): Promise<number> {
  const start = performance.now()
  const reply = await fetch(`${baseUrl}${path}`, { headers: { authorization: `Bearer ${key}` } })
  await reply.arrayBuffer()
  if (!reply.ok) throw new Error(`${path} answered ${reply.status}`)
  return performance.now() - start
}

function summary(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b)
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1)
  return `median ${at(0.5).padStart(6)} ms   p95 ${at(0.95).padStart(6)} ms`
}

function load(): string {
  return loadavg()[0]?.toFixed(1) ?? ''
}
