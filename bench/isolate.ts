import { fork } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import postgres from 'postgres'
import { startStack } from './stack.ts'

/*
 * A point read and a list through an isolate (key, role, limits, validation, ETag, log line and all), beside a bare
 * server with one prepared statement per request, and the driver alone, which is the limit. Same data, same number of
 * connections, same load, rounds in turn. Run: `npm run bench isolate`
 */
const rounds = 3
const seconds = 4
const connections = 64
const users = 200
const port = 18_600

const stack = startStack(port)
const headers = { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' }
const me = await call('/v1/users/me')
for (let number = 0; number < users; number += 1)
  await call('/v1/users', {
    method: 'POST',
    body: JSON.stringify({
      email: `user-${number}@example.com`,
      display_name: `User ${number}`,
      role: 'viewer',
    }),
  })

const sql = postgres(stack.databaseUrl, { max: 8, fetch_types: false })
const [owner] = await sql`select tenant_id from users where id = ${me.id ?? ''}`
const tenantId = String(owner?.tenant_id)
const bareSocket = join(tmpdir(), `octavo-bare-${process.pid}.sock`)
const bare = fork('bench/bare-server.ts', [bareSocket, stack.databaseUrl, tenantId])
await once(bare, 'message')

try {
  const isolateSocket = stack.socketOf('users')
  for (const [name, path] of [
    ['point read', `/v1/users/${me.id}`],
    ['list of 20', '/v1/users'],
  ] as const) {
    const rates = { isolate: [0], bare: [0], driver: [0] }
    for (let round = 0; round < rounds; round += 1) {
      rates.isolate[round] = await load(isolateSocket, path)
      rates.bare[round] = await load(bareSocket, path)
      rates.driver[round] = await driverAlone(name)
    }
    report(name, rates)
  }
} finally {
  bare.disconnect()
  await sql.end()
  stack.stop()
}

async function call(path: string, init: RequestInit = {}): Promise<Record<string, string>> {
  const response = await fetch(`${stack.baseUrl}${path}`, { ...init, headers })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return (await response.json()) as Record<string, string>
}

async function load(socketPath: string, path: string): Promise<number> {
  const result = await autocannon({
    url: `http://localhost${path}`,
    socketPath,
    headers,
    connections,
    duration: seconds,
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${result.non2xx} refused, ${result.errors} failed`)
  return result.requests.average
}

/** Statements a second with as many waiting as the servers had. */
async function driverAlone(name: 'point read' | 'list of 20'): Promise<number> {
  const until = performance.now() + seconds * 1000
  let statements = 0
  const lane = async () => {
    while (performance.now() < until) {
      if (name === 'point read')
        await sql`select * from users where tenant_id = ${tenantId} and id = ${me.id ?? ''}`
      else await sql`select * from users where tenant_id = ${tenantId} order by id desc limit 21`
      statements += 1
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return statements / seconds
}

function report(name: string, rates: Record<'isolate' | 'bare' | 'driver', number[]>): void {
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  const [isolate, bareRate, driver] = [rates.isolate, rates.bare, rates.driver].map(median)
  const against = (peer = 1) => ((isolate ?? 0) / peer).toFixed(2)
  console.log(
    `${name}: isolate ${Math.round(isolate ?? 0)}/s, bare server ${Math.round(bareRate ?? 0)}/s (ratio ${against(bareRate)}), ` +
      `driver alone ${Math.round(driver ?? 0)}/s (ratio ${against(driver)})`,
  )
}
