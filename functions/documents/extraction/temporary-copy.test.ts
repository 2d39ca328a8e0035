import { expect, test } from 'vitest'
import { temporaryCopy } from './temporary-copy.ts'

test('bytes that have no folder to go to are let go', async () => {
  const cancelled = Promise.withResolvers<void>()
  const body = new ReadableStream<Uint8Array>({ cancel: () => cancelled.resolve() })
  const { signal } = new AbortController()
  await expect(temporaryCopy('/dev/null/nowhere', body, signal)).rejects.toThrow('ENOTDIR')
  await cancelled.promise
})
