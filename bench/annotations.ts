import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import postgres from 'postgres'
import { startStack } from './stack.ts'

/*
 * 200,000 annotations as NDJSON through an isolate, validation, first versions and a verdict a line included, beside
 * psql's \copy of the same rows into tables with the same columns, constraints and indexes. Rounds in turn, in one
 * database; the isolate's memory before, and at its peak in each round. Run: `npm run bench annotations`
 */
const rounds = 3
const annotations = 200_000
const documents = 200
const port = 18_700
const samplingMs = 20
const tables = ['annotations', 'annotation_versions']

const labels = ['invoice_number', 'total', 'date', 'vendor', 'tax', 'address', 'due_date', 'iban']
const folder = mkdtempSync(join(tmpdir(), 'octavo-bench-annotations-'))
const linesFile = join(folder, 'lines.ndjson')
const stack = startStack(port)
const sql = postgres(stack.databaseUrl, { max: 1, fetch_types: false, onnotice: () => {} })

try {
  await prepare()
  const rates = { http: [0], psql: [0] }
  const memory: number[] = [resident()]
  for (let round = 0; round < rounds; round += 1) {
    await sql`truncate annotations, annotation_versions, annotation_locks cascade`
    rates.http[round] = await measured(memory)
    if (round === 0) await preparePeer()
    await sql`truncate peer_annotations, peer_annotation_versions`
    rates.psql[round] = byPsql()
    console.log(
      `round ${round + 1}: http ${rate(rates.http[round])}, psql ${rate(rates.psql[round])}`,
    )
  }
  report(rates, memory)
} finally {
  await sql.end()
  stack.stop()
  rmSync(folder, { recursive: true })
}

/** Documents, and the file that is sent. */
async function prepare(): Promise<void> {
  const ids: string[] = []
  for (let number = 0; number < documents; number += 1) ids.push(await upload(number))
  const lines = function* () {
    for (let number = 0; number < annotations; number += 1) yield `${lineOf(ids, number)}\n`
  }
  await pipeline(lines, createWriteStream(linesFile))
}

async function upload(number: number): Promise<string> {
  const reply = await fetch(`${stack.baseUrl}/v1/documents?filename=${number}.txt`, {
    method: 'POST',
    body: `Document ${number}`,
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'text/plain' },
  })
  if (!reply.ok) throw new Error(`The upload answered ${reply.status}.`)
  return ((await reply.json()) as { id: string }).id
}

function lineOf(ids: readonly string[], number: number): string {
  const side = (seed: number) => Math.round(((number * seed) % 800) * 1_000 + seed) / 1_000_000
  return JSON.stringify({
    document_id: ids[Math.floor((number * documents) / annotations)],
    page: 1,
    box: [side(7), side(11), 0.05 + side(3) / 8, 0.02],
    label_name: labels[number % labels.length],
    value: `Value ${number} of many`,
    attributes: number % 4 === 0 ? { line: number, note: 'checked by nobody' } : {},
    confidence: side(13),
    source: 'model',
  })
}

/** @returns rows a second, the last verdict included */
async function overHttp(): Promise<number> {
  const startedAt = performance.now()
  const call = request({
    socketPath: stack.socketOf('annotations'),
    path: '/v1/annotations/bulk',
    method: 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/x-ndjson' },
  })
  const answered = once(call, 'response')
  await pipeline(createReadStream(linesFile, { highWaterMark: 256 * 1024 }), call)
  const [reply] = await answered
  let created = 0
  for await (const line of createInterface({ input: reply }))
    if (line.includes('"status":"created"')) created += 1
  if (created !== annotations) throw new Error(`${created} of ${annotations} lines were made.`)
  return annotations / ((performance.now() - startedAt) / 1000)
}

/** Tables like ours, and the rows that were just made as files that COPY reads. */
async function preparePeer(): Promise<void> {
  for (const table of tables)
    await sql.unsafe(`create table peer_${table} (like ${table} including all)`)
  await sql`alter table peer_annotations add foreign key (tenant_id, document_id)
    references documents (tenant_id, id) on delete cascade`
  await sql`alter table peer_annotation_versions add foreign key (tenant_id, annotation_id)
    references peer_annotations (tenant_id, id) on delete cascade`
  psql(tables.map((table) => `\\copy (select * from ${table} order by 2) to '${fileOf(table)}'`))
}

function fileOf(table: string): string {
  return join(folder, `${table}.copy`)
}

/** @returns rows a second */
function byPsql(): number {
  const startedAt = performance.now()
  psql(tables.map((table) => `\\copy peer_${table} from '${fileOf(table)}'`))
  return annotations / ((performance.now() - startedAt) / 1000)
}

function psql(commands: readonly string[]): void {
  const options = ['--no-psqlrc', '-q', '-v', 'ON_ERROR_STOP=1']
  const given = commands.flatMap((command) => ['-c', command])
  execFileSync('psql', [...options, ...given, stack.databaseUrl], { stdio: 'inherit' })
}

function resident(): number {
  const status = readFileSync(`/proc/${stack.pidOf('annotations')}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** Adds the largest resident memory that the isolate had meanwhile. */
async function measured(memory: number[]): Promise<number> {
  let peak = 0
  const sampling = setInterval(() => {
    peak = Math.max(peak, resident())
  }, samplingMs)
  try {
    return await overHttp()
  } finally {
    clearInterval(sampling)
    memory.push(peak)
  }
}

function report(rates: { http: number[]; psql: number[] }, memory: number[]) {
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  const [http, psql] = [median(rates.http), median(rates.psql)]
  console.log(
    `${annotations} annotations: NDJSON ${rate(http)}, psql \\copy ${rate(psql)}, ratio ${(http / psql).toFixed(2)}; ` +
      `isolate, idle and at the peak of each round: ${memory.map(Math.round).join(', ')} MiB`,
  )
}

function rate(perSecond = 0): string {
  return `${Math.round(perSecond).toLocaleString('en')} rows/s`
}
