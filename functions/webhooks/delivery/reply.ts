import type { OutgoingReply } from '../../_shared/ports/outgoing.ts'

const bodyBytesMax = 64 * 1024
const excerptCharactersMax = 1_000

/** The beginning of a reply as text; reads no more than {@link bodyBytesMax}, and not longer than `waitMs`. Never fails. */
export async function readReply(reply: OutgoingReply, waitMs: number): Promise<string | null> {
  const timer = setTimeout(() => reply.close(), waitMs)
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of reply.body) {
      chunks.push(chunk)
      bytes += chunk.byteLength
      if (bytes >= bodyBytesMax) break
    }
  } catch {
    // It broke off. What has come is shown.
  } finally {
    clearTimeout(timer)
    reply.close()
  }
  return excerptOf(Buffer.concat(chunks))
}

/** Without what cannot be stored or would play tricks on a terminal. */
function excerptOf(body: Uint8Array): string | null {
  const text = new TextDecoder().decode(body.subarray(0, excerptCharactersMax * 4))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const shown = text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\uFFFD')
  const whole = shown.slice(0, excerptCharactersMax).toWellFormed()
  return whole === '' ? null : whole
}
