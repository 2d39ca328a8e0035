import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { patchedEntry, unpatchedDriver } from './driver-copies.ts'
import { startStack } from './stack.ts'

/*
 * What one query costs the driver in processor time, at the start and after 1,000,000 queries of a pool that is never
 * quite idle: our patched driver beside the published one, each in a process of its own, in one run.
 * Run: `npm run bench driver-cost`, or `node bench/driver-cost.ts <database url> [queries]` on a database of yours.
 */
const port = 18_700
const growthMax = 1.1

const program = fileURLToPath(new URL('./driver-cost-run.ts', import.meta.url))
const [, , givenUrl, queries = '1000000'] = process.argv
const stack = givenUrl ? null : startStack(port)
const plain = await unpatchedDriver()
try {
  const url = givenUrl ?? stack?.databaseUrl ?? ''
  const patched = measure('patched', patchedEntry, url)
  const published = measure('published', plain.entry, url)
  console.log(
    `published : patched after ${queries} queries = ${(published.last / patched.last).toFixed(2)}`,
  )
  if (patched.last > patched.first * growthMax) {
    console.error(`the patched driver became more than ${growthMax} times as dear with use`)
    process.exitCode = 1
  }
} finally {
  await plain.remove()
  stack?.stop()
}

type Cost = { first: number; last: number }

function measure(name: string, entry: string, url: string): Cost {
  const { stdout, status } = spawnSync(process.execPath, [program, entry, url, queries], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the ${name} driver's run failed`)
  const { first, last }: Cost = JSON.parse(stdout)
  const ratio = (last / first).toFixed(2)
  console.log(
    `${name} driver: ${first.toFixed(1)} us a query at first, ${last.toFixed(1)} us after ${queries} (ratio ${ratio})`,
  )
  return { first, last }
}
