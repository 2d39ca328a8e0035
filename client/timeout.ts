/** `fetch` that gives up when no reply has begun after `timeoutMs`. Streams may then last as long as they like. */
export const withTimeout =
  (send: typeof fetch, timeoutMs: number): typeof fetch =>
  async (input, init) => {
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
