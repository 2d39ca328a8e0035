import { expect, test } from 'vitest'
import { entryOfAnswer, parseCaddyLine } from './caddy-line.ts'

const request = {
  remote_ip: '127.0.0.1',
  remote_port: '46750',
  proto: 'HTTP/1.1',
  method: 'POST',
  host: '127.0.0.1:14311',
  uri: '/v1/users/die?token=hush',
}
const access = {
  level: 'error',
  ts: 1795150354.6006267,
  logger: 'http.log.access',
  request,
  status: 502,
  resp_headers: { 'X-Request-Id': ['6ac9d0cd'] },
}
const answer = {
  timeMs: 1795150354600.6267,
  requestId: '6ac9d0cd',
  method: 'POST',
  status: 502,
  path: '/v1/users/die',
}

test('the answer of a request carries its id, its path has no query', () => {
  const connection = '127.0.0.1:46750'
  expect(parseCaddyLine(JSON.stringify(access))).toEqual({ kind: 'answer', connection, answer })
})

test('the reason of an error is found by its connection', () => {
  const line = { level: 'debug', logger: 'http.log.error.log0', msg: 'EOF', request, status: 502 }
  const reason = { kind: 'reason', connection: '127.0.0.1:46750', reason: 'EOF' }
  expect(parseCaddyLine(JSON.stringify(line))).toEqual(reason)
})

test.each([
  ['{"level":"info","msg":"serving initial configuration"}'],
  ['{"logger":"http.log.access","request":{}}'],
  ['[]'],
  ['null'],
  ['{"half":'],
])('%s is no request line', (text) => {
  expect(parseCaddyLine(text)).toBeNull()
})

test('an error of Caddy itself names its reason and has the code of its reply', () => {
  expect(entryOfAnswer(answer, 'EOF')).toEqual({
    time: '2026-11-20T04:52:34.600Z',
    level: 'error',
    source: 'caddy',
    function: 'users',
    request_id: '6ac9d0cd',
    method: 'POST',
    path: '/v1/users/die',
    status: 502,
    code: 'unavailable',
    message: 'Caddy answered 502: EOF',
  })
})

test("a function's failure that came through has no code of Caddy", () => {
  expect(entryOfAnswer({ ...answer, status: 404 }, null)).toMatchObject({
    level: 'warn',
    code: null,
    message: 'The function answered 404',
  })
})

test('a path without a route names no function, so callers cannot invent names', () => {
  const lost = { ...answer, status: 404, path: '/v1/made-up/x' }
  expect(entryOfAnswer(lost, 'no such route')?.function).toBeNull()
})

test.each([0, 101, 200, 304])('the status %i is no failure', (status) => {
  expect(entryOfAnswer({ ...answer, status }, null)).toBeNull()
})
