import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { eventually, relayCalls, relayLine } from '../../local-runtime/relay/relay.fixture.ts'
import { startRelay } from '../../local-runtime/relay/server.ts'
import { startTestRedis } from '../harness/redis.ts'
import { captureLog, echo, newHome, openCaddy, startUpstream } from './caddy.fixture.ts'

test('only failures are written, without headers, cookies or query', async () => {
  const places = await newHome()
  const captured = await captureLog(places.run)
  await startUpstream(places.run, 'users', (req, res) => {
    res.setHeader('set-cookie', 'session=s3cret').setHeader('location', '/x?ticket=s3cret')
    echo('users')(req, res)
  })
  const { send } = await openCaddy(places)
  const headers = {
    authorization: 'Bearer s3cret',
    cookie: 'a=s3cret',
    'x-api-key': 's3cret',
    'x-document-password': 's3cret',
    'proxy-authorization': 's3cret',
  }
  for (const status of [200, 204, 302, 304, 404])
    await send(`/v1/users/${status}?status=${status}&ticket=s3cret`, { headers })
  await send('/nowhere?token=s3cret', { headers })
  await eventually(() => captured.text.includes('/nowhere') && captured.text.endsWith('\n'))
  const lines = captured.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const answers = lines.filter(({ logger }) => logger.startsWith('http.log.access'))
  expect(answers.map(({ status, request }) => [status, request.uri])).toEqual([
    [404, '/v1/users/404'],
    [404, '/nowhere'],
  ])
  expect(captured.text).not.toContain('s3cret')
})

async function setupStack(redis: Parameters<typeof startRelay>[0]['redis'] = null) {
  const places = await newHome()
  const relay = await startRelay({ run: places.run, redis })
  onTestFinished(() => relay.close())
  await startUpstream(places.run, 'users', (req, res) => {
    if (req.url?.startsWith('/v1/users/die')) req.socket.destroy()
    else echo('users')(req, res)
  })
  return { ...relayCalls(places.run), ...(await openCaddy(places)), run: places.run }
}

test('a killed function leaves one entry with the reason and the id of the reply', async () => {
  const { send, entries } = await setupStack()
  const { headers } = await send('/v1/users/die?ticket=s3cret', { method: 'POST', body: '{}' })
  const all = await eventually(async () => {
    const { entries: found } = await entries()
    return found.length > 0 && found
  })
  expect(all).toEqual([
    {
      time: expect.any(String),
      level: 'error',
      source: 'caddy',
      function: 'users',
      request_id: headers['x-request-id'],
      method: 'POST',
      path: '/v1/users/die',
      status: 502,
      code: 'unavailable',
      // Timing's choice: the end or a reset is read, or the socket goes while the request is written.
      message: expect.stringMatching(/^Caddy answered 502: (EOF|(read|write) unix .*)$/),
    },
  ])
})

test("a failure of which the function tells is the function's entry alone", async () => {
  const { send, post, entries, health } = await setupStack()
  const { headers } = await send('/v1/users?status=404')
  await post([relayLine({ request_id: `${headers['x-request-id']}`, status: 404, msg: 'none' })])
  await eventually(async () => (await health()).counters.merged === 1)
  expect((await entries()).entries.map(({ source }) => source)).toEqual(['function'])
})

test('Caddy serves on while Redis stands still, and every failure is counted', async () => {
  const { url, socket, password, pid } = await startTestRedis()
  const { send, health } = await setupStack({ url, socket, password: password.reveal() })
  await eventually(async () => !(await health()).degraded)
  process.kill(pid, 'SIGSTOP')
  onTestFinished(() => void process.kill(pid, 'SIGCONT'))
  for (let i = 0; i < 300; i += 1) expect((await send('/v1/users?status=404')).status).toBe(404)
  await eventually(async () => (await health()).counters.kept === 300)
})

test('Caddy serves on when the relay is killed', async () => {
  const places = await newHome()
  const relay = spawn(
    process.execPath,
    [
      ...['--input-type=module-typescript', '--eval'],
      `import { startRelay } from '${join(import.meta.dirname, '../../local-runtime/relay/server.ts')}'
       await startRelay({ run: process.argv[1], redis: null })`,
      places.run,
    ],
    { stdio: 'inherit' },
  )
  onTestFinished(() => void relay.kill('SIGKILL'))
  const { health } = relayCalls(places.run)
  await eventually(() => health().catch(() => null))
  await startUpstream(places.run, 'users', echo('users'))
  const { send } = await openCaddy(places)
  await send('/v1/users?status=404')
  await eventually(async () => (await health()).counters.kept === 1)
  relay.kill('SIGKILL')
  await new Promise((resolve) => relay.once('exit', resolve))
  for (let i = 0; i < 300; i += 1) expect((await send('/v1/users?status=404')).status).toBe(404)
  expect((await send('/v1/users')).status).toBe(200)
})
