import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  health,
  keepServers,
  newHome,
  preparedHome,
  query,
  randomPort,
  start,
} from './postgres.fixture.ts'
import { poll, startChild } from './process.ts'
import { processesIn } from './service-orphans.ts'

keepServers()

// Starts Postgres in a process of its own, which can be killed at any time.
async function starter(home: string, port: number) {
  const source = `import { startPostgres } from '${import.meta.dirname}/postgres.ts'
const { pid } = await startPostgres({ home: '${home}', port: ${port}, isDurable: false })
console.log('server', pid, 'end')`
  return await startChild({
    program: process.execPath,
    args: ['--input-type=module-typescript', '-e', source],
  })
}

test('after kill -9 of the server with open sessions the next start repairs it and committed rows are there', async () => {
  const home = preparedHome()
  const first = await start(home, { isDurable: true })
  await query(first, 'create table kept as select 42 as answer')
  const sleeping = query(first, 'select pg_sleep(60)').catch((err: { code?: string }) => err.code)
  const isAsleep = async () =>
    (
      await query(
        first,
        "select from pg_stat_activity where query like '%pg_sleep(60)' and state = 'active'",
      )
    ).length > 0
  await poll(isAsleep, { timeoutMs: 5000 })
  process.kill(first.pid, 'SIGKILL')
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' })
  const second = await start(home, { isDurable: true })
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
  expect(await sleeping).toBeDefined()
})

test('a lock file whose process number belongs to another program does not stand in the way', async () => {
  const home = preparedHome()
  const first = await start(home)
  await first.stop()
  writeFileSync(
    join(first.dataDir, 'postmaster.pid'),
    `${process.pid}\n${first.dataDir}\n1\n1\n\n\n1 1\nready\n`,
  )
  expect(await health(await start(home))).toMatchObject({ status: 'ok' })
})

test('a first start killed at any moment leaves nothing that hinders the next', async () => {
  const home = newHome()
  const port = randomPort()
  const moments: (() => boolean)[] = [
    () => readdirSync(home).some((name) => name.startsWith('postgres.init-')),
    () => readdirSync(home).some((name) => existsSync(join(home, name, 'global', 'pg_control'))),
    () => existsSync(join(home, 'postgres', 'PG_VERSION')),
  ]
  for (const hasCome of moments) {
    const child = await starter(home, port)
    await poll(hasCome, { timeoutMs: 15_000, intervalMs: 2 })
    await child.stop(['SIGKILL', 5000])
  }
  const server = await start(home, { port })
  expect(await health(server)).toMatchObject({ status: 'ok' })
  expect(readdirSync(home).filter((name) => name.includes('init-'))).toEqual([])
})

test('a server whose supervisor was killed ends, and the next start needs not wait for an operator', async () => {
  const home = preparedHome()
  const port = randomPort()
  const child = await starter(home, port)
  const started = () => Number(/server (\d+) end/.exec(child.tail())?.[1] ?? 0) || null
  const orphan = await poll(started, { timeoutMs: 20_000 })
  await child.stop(['SIGKILL', 5000])
  const server = await start(home, { port })
  expect(server.pid).not.toBe(orphan)
  expect(processesIn(server.dataDir, 'postgres')).not.toContain(orphan)
})

test('of two starts of one home at once one wins and the other is refused in a sentence', async () => {
  const home = newHome()
  const starts = await Promise.allSettled([start(home), start(home)])
  const refused = starts.find((each) => each.status === 'rejected')
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(String(refused?.reason)).toMatch(
    /^ServiceError: Postgres in .* is already run by process \d+; stop that first\.$/,
  )
})

test('a taken port is one sentence, and nothing stays behind', async () => {
  const home = preparedHome()
  const port = randomPort()
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve))
  await expect(start(home, { port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1, wanted for Postgres, is taken`,
  )
  await new Promise((resolve) => holder.close(resolve))
  expect(await health(await start(home, { port }))).toMatchObject({ status: 'ok' })
})
