/**
 * `fetch` that gives up when no reply has begun after `timeoutMs`. Streams may then last as long as they like, and so may
 * the sending of a file, a form or a stream: how long that takes is the network's business.
 */
export const withTimeout =
  (send: typeof fetch, timeoutMs: number): typeof fetch =>
  async (input, init) => {
    if (init?.body && typeof init.body !== 'string') return send(input, init)
    const late = new AbortController()
    const timer = setTimeout(() => {
      late.abort(new DOMException(`no reply in ${timeoutMs} ms`, 'TimeoutError'))
    }, timeoutMs)
    const signal = init?.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal
    try {
      return await send(input, { ...init, signal })
    } finally {
      clearTimeout(timer)
    }
  }
