import { expect, test } from 'vitest'
import { AiFailure, type AiRequest } from '../../functions/_shared/ports/ai.ts'
import { type AiReply, chunk, startAiServer } from '../../test/fixtures/ai-server.ts'
import { openAiProvider } from './openai.ts'

const request: AiRequest = {
  ...{ prompt: 'Sum up.', model: 'm-1', document: null },
  parameters: { system: 'Be brief.', temperature: 0.5, max_tokens: 50 },
}
const secret = 'sk-very-secret'
const done = 'data: [DONE]\n\n'

type Options = { timeoutMs?: number; signal?: AbortSignal; request?: AiRequest }

/** Asks a server that gives these replies, one after the other, the last one for ever. */
async function ask(replies: AiReply[], options: Options = {}) {
  const { baseUrl, received } = await startAiServer(replies)
  const provider = openAiProvider({
    ...{ baseUrl, model: 'm-1', key: { reveal: () => secret } },
    ...{ timeoutMs: options.timeoutMs ?? 5_000, retryWaitsMs: [1, 1] },
  })
  const { signal = new AbortController().signal } = options
  const pieces: string[] = []
  const source = provider.generate(options.request ?? request, signal)
  try {
    for (;;) {
      const { done: isDone, value } = await source.next()
      if (isDone) return { pieces, received, usage: value, failure: null }
      pieces.push(value)
    }
  } catch (err) {
    return { pieces, received, usage: null, failure: err }
  }
}

test('the words of a stream come as they are sent, with usage and the reason of the end', async () => {
  const usage = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\n'
  const body = [': hello\n\n', chunk('Grüße '), chunk('🎉', 'stop'), usage, done]
  const answer = await ask([{ body }])
  expect(answer.pieces).toEqual(['Grüße ', '🎉'])
  expect(answer.usage).toEqual({ inputTokens: 7, outputTokens: 2, finishReason: 'stop' })
})

test('a request carries model, messages, parameters and the key, and asks for a stream', async () => {
  const document = { title: 'Report', text: 'All of it.' }
  const { received } = await ask([{ body: [chunk('a', 'stop'), done] }], {
    request: { ...request, document },
  })
  const [first] = received
  expect(first?.path).toBe('/v1/chat/completions')
  expect(first?.headers.authorization).toBe(`Bearer ${secret}`)
  expect(first?.body).toEqual({
    ...{ model: 'm-1', temperature: 0.5, max_tokens: 50 },
    ...{ stream: true, stream_options: { include_usage: true } },
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'The document "Report":\n\nAll of it.' },
      { role: 'user', content: 'Sum up.' },
    ],
  })
})

test('however the stream is cut into packets, the words are the same', async () => {
  const whole = Buffer.from([chunk('Grü'), chunk('ße\r\n'), chunk('字🎉', 'stop'), done].join(''))
  for (const size of [1, 2, 3, 7, 50]) {
    const body = Array.from({ length: Math.ceil(whole.byteLength / size) }, (_, index) =>
      whole.subarray(index * size, (index + 1) * size),
    )
    expect((await ask([{ body }])).pieces.join('')).toBe('Grüße\r\n字🎉')
  }
})

test.each([429, 500, 503, 408])(
  'a %i is asked again, after the wait that it wants',
  async (status) => {
    const good = { body: [chunk('a', 'stop'), done] }
    const answer = await ask([{ status, headers: { 'retry-after': '0' } }, good])
    expect(answer.pieces).toEqual(['a'])
    expect(answer.received).toHaveLength(2)
  },
)

test.each([
  [429, 'ai_rate_limited', false, 3],
  [503, 'ai_unavailable', false, 3],
  [401, 'ai_unauthorized', true, 1],
  [403, 'ai_unauthorized', true, 1],
  [400, 'ai_refused', true, 1],
  [404, 'ai_refused', true, 1],
  [302, 'ai_refused', true, 1],
])('a lasting %i fails as %s', async (status, code, isFinal, times) => {
  const { failure, received } = await ask([
    { status, headers: { location: 'http://127.0.0.1:1/' }, body: [`{"error":"${secret}"}`] },
  ])
  expect(failure).toMatchObject({ code, isFinal })
  expect(received).toHaveLength(times)
  expect(
    JSON.stringify([failure, String(failure), String((failure as Error).cause)]),
  ).not.toContain(secret)
})

test('a wait longer than an attempt should take is told and not waited', async () => {
  const { failure, received } = await ask([{ status: 429, headers: { 'retry-after': '120' } }])
  expect(failure).toMatchObject({ code: 'ai_rate_limited', retryAfterMs: 120_000, isFinal: false })
  expect(received).toHaveLength(1)
})

test.each([
  ['that is cut', { body: [chunk('half')], ending: 'cut' }, 'ai_unavailable'],
  ['that ends without a word of its end', { body: [chunk('half')] }, 'ai_unavailable'],
  ['that stalls', { body: [chunk('half')], ending: 'stall' }, 'ai_timeout'],
  ['that is no JSON', { body: [chunk('half'), 'data: {"choices"\n\n'] }, 'ai_malformed'],
  ['that is no object', { body: [chunk('half'), 'data: [1]\n\n'] }, 'ai_malformed'],
  ['that is no UTF-8', { body: [chunk('half'), new Uint8Array([0x64, 0xff])] }, 'ai_malformed'],
  ['that says an error', { body: [chunk('half'), 'data: {"error":{}}\n\n'] }, 'ai_unavailable'],
] as [string, AiReply, string][])(
  'a stream %s fails as that, with no other words than it had',
  async (_, reply, code) => {
    const { pieces, failure } = await ask([reply], { timeoutMs: 300 })
    // A packet that is broken at its end may take the words before it along.
    expect(['half', '']).toContain(pieces.join(''))
    expect(failure).toBeInstanceOf(AiFailure)
    expect(failure).toMatchObject({ code, isFinal: false })
  },
)

test('a server that never answers, or is not there, fails as what may pass', async () => {
  const silent = await ask([{ ending: 'silent' }], { timeoutMs: 100 })
  expect(silent.failure).toMatchObject({ code: 'ai_timeout', isFinal: false })
  const nowhere = openAiProvider({
    ...{ baseUrl: 'http://127.0.0.1:1/v1', model: 'm', key: null, timeoutMs: 1_000 },
  })
  const asked = nowhere.generate(request, new AbortController().signal).next()
  await expect(asked).rejects.toMatchObject({ code: 'ai_unavailable', isFinal: false })
})

test('a reply that is no stream is final: it will never be one', async () => {
  const headers = { 'content-type': 'application/json' }
  const { failure } = await ask([{ headers, body: ['{}'] }])
  expect(failure).toMatchObject({ code: 'ai_malformed', isFinal: true })
})

test('a stopped attempt ends at once with the reason of its stop', async () => {
  const stop = new AbortController()
  const reason = new Error('cancelled')
  const asked = ask([{ body: [chunk('half')], ending: 'stall' }], { signal: stop.signal })
  setImmediate(() => stop.abort(reason))
  expect((await asked).failure).toBe(reason)
})
