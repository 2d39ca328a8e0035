import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { JobPutOff } from '../../domain/jobs/outcome.ts'
import { conferenceYaml } from '../../test/fixtures/conferences.ts'
import { answering } from '../../test/fixtures/receiver.ts'
import { outputOf, refreshing, startSource } from '../../test/fixtures/refreshing.ts'
import type { JobContext } from '../_shared/ports/jobs.ts'
import { OutgoingFault, type OutgoingReply } from '../_shared/ports/outgoing.ts'
import { askSource } from './refresh-request.ts'

const good = conferenceYaml([{ year: 2027, rounds: [{ paper: '2027-06-11 23:59:59' }] }])
const zeros = new Uint8Array(8 * 1024 ** 2)

const broken = (response: ServerResponse) => {
  response.setHeader('content-length', String(good.length)).write(good.slice(0, -100))
  setTimeout(() => response.destroy(), 10)
}
const endless = (response: ServerResponse) => {
  const more = () => {
    while (!response.destroyed && response.write('# comment\n'.repeat(6_000)));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}
const unbounded = (response: ServerResponse) => {
  response.socket?.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${good}`)
}
const circling = (response: ServerResponse) => {
  response.writeHead(302, { location: '/hook' }).end()
}
const withHeader = (name: string, value: string, body: string | Uint8Array) => {
  return (response: ServerResponse) => void response.setHeader(name, value).end(body)
}

type Serving = Parameters<typeof startSource>[0]

test.each<[string, Serving, string, string]>([
  ['is not there', answering(404), 'failed', 'source_refused'],
  ['is for others', answering(403), 'failed', 'source_refused'],
  ['has trouble', answering(500), 'dead', 'source_unavailable'],
  ['breaks off', broken, 'dead', 'source_unavailable'],
  ['does not say where it ends', unbounded, 'dead', 'source_unavailable'],
  ['never ends', endless, 'failed', 'source_too_large'],
  ['says it is huge', withHeader('content-length', '100000000', ''), 'failed', 'source_too_large'],
  ['is a page', withHeader('content-type', 'text/html', good), 'failed', 'source_unreadable'],
  ['is a page that says it is text', '\n<!doctype html><p>', 'failed', 'source_unreadable'],
  ['is a picture', withHeader('content-type', 'image/png', good), 'failed', 'source_unreadable'],
  [
    'is said to be compressed',
    withHeader('content-encoding', 'br', good),
    'failed',
    'source_unreadable',
  ],
  [
    'is compressed unasked',
    withHeader('content-encoding', 'gzip', gzipSync(zeros)),
    ...(['failed', 'source_unreadable'] as const),
  ],
  ['is a bomb', zipSync({ 'a.yml': zeros }), 'failed', 'source_unreadable'],
  ['is an archive of other things', zipSync({ 'a.txt': zeros }), 'failed', 'source_unreadable'],
  ['is cut off within a word', good.slice(0, -40), 'failed', 'source_unreadable'],
  ['is empty', '', 'failed', 'source_unreadable'],
  ['is a list of nothing', '[]', 'failed', 'check_failed'],
  ['is no UTF-8', new Uint8Array([0xff, 0xfe, 0x41]), 'failed', 'source_unreadable'],
  ['holds what no text has', '- title: a\0', 'failed', 'source_unreadable'],
  ['redirects in a circle', circling, 'failed', 'source_refused'],
])('of a source that %s nothing is imported', async (_, serving, status, code) => {
  const { startWorker, run, deadlines } = await refreshing()
  const { url, serve } = await startSource(good)
  startWorker()
  await run(url)
  const before = await deadlines()
  serve(serving)
  const ended = await run(url)
  expect([ended.status, ended.errors.at(-1)?.code]).toEqual([status, code])
  expect(ended.steps.map(({ name }) => name)).not.toContain('import')
  expect(await deadlines()).toEqual(before)
})

test('a redirect is followed, and what lies behind it counts', async () => {
  const { startWorker, run, source } = await refreshing()
  const target = await startSource(good)
  const { url } = await startSource((response) => {
    response.writeHead(302, { location: target.url }).end()
  })
  startWorker()
  expect(outputOf(await run(url), 'report').totals).toMatchObject({ created: 1 })
  expect((await source()).url).toBe(url)
})

test('a source that is there again is fetched by a later attempt', async () => {
  const { startWorker, run } = await refreshing()
  let asked = 0
  const { url } = await startSource((response) => {
    asked += 1
    if (asked < 3) response.writeHead(503).end()
    else response.end(good)
  })
  startWorker()
  const ended = await run(url)
  expect([ended.status, ended.attempts]).toEqual(['completed', 3])
  expect(ended.errors.map(({ code }) => code)).toEqual(['source_unavailable', 'source_unavailable'])
})

const nothing = { statusCode: 200, headers: {}, body: (async function* () {})(), close: () => {} }

/** What a job asks, of servers that are not there: `https://public.example/` answers as it is told. */
async function asking(reply: Partial<OutgoingReply> | OutgoingFault, url?: string) {
  const { contextOf } = await refreshing({ config: { conferencesAllowPrivate: false } })
  const asked: string[] = []
  const outgoing: JobContext['host']['outgoing'] = async (request) => {
    asked.push(request.url.href)
    expect(request.allowsPrivate).toBe(false)
    if (reply instanceof OutgoingFault) throw reply
    return { ...nothing, ...reply }
  }
  const context = contextOf({} as never, { host: { outgoing } as never })
  const source = { url: url ?? 'https://public.example/list.yml?token=s', etag: null }
  const fault = await askSource(context, { ...source, lastModified: null }).catch((err) => err)
  return { fault, asked }
}

test.each([
  ...['http://public.example/', 'https://127.0.0.1/', 'https://[::1]/', 'https://localhost/'],
  ...['https://2130706433/', 'https://db.internal/', 'https://public.example:22/'],
  ...['file:///etc/passwd', 'ftp://public.example/', 'https://u:p@public.example/'],
])('a redirect to %s is not followed', async (location) => {
  const { fault, asked } = await asking({ statusCode: 302, headers: { location } })
  expect(fault).toMatchObject({ code: 'address_refused', isFinal: true })
  expect(asked).toHaveLength(1)
  const first = await asking({ statusCode: 200 }, location)
  expect(first.fault).toMatchObject({ code: 'address_refused', isFinal: true })
  expect(first.asked).toEqual([])
})

test.each([
  ['address_refused', 'address_refused', true],
  ['timeout', 'source_unavailable', false],
  ['tls_failed', 'source_unavailable', false],
])('when there is no answer for %s, the failure is %s', async (word, code, isFinal) => {
  const { fault } = await asking(new OutgoingFault(word))
  expect(fault).toMatchObject({ code, isFinal })
  expect(fault.message).toContain('https://public.example/list.yml')
  expect(fault.message).not.toContain('token')
})

test('what a source refuses with is told with its address, without what may be secret there', async () => {
  const { fault } = await asking({ statusCode: 404 })
  expect(fault.message).toBe('https://public.example/list.yml answered 404.')
})

test('a source that asks to wait is asked again then', async () => {
  const { fault } = await asking({ statusCode: 429, headers: { 'retry-after': '120' } })
  expect(fault).toBeInstanceOf(JobPutOff)
  expect(fault).toMatchObject({ code: 'source_unavailable', waitMsMin: 120_000 })
})

test('a source that says unchanged without having been asked is not believed', async () => {
  const { fault } = await asking({ statusCode: 304 })
  expect(fault).toMatchObject({ code: 'source_refused' })
})
