import type { Call } from './call.ts'
import { refuseAnnouncedLength } from './json-body.ts'
import { pacedBody } from './paced-body.ts'
import { AppError } from './problems.ts'

type Limits = { bytesMax: number; now: () => Date }

/**
 * The whole body of a route that streams, which has no deadline: it must come at a pace, as {@link pacedBody} has it.
 * @throws {AppError} `unsupported_media_type`: a form; `payload_too_large`; `malformed`: the caller goes away or is too slow
 */
export async function readWholeBody(
  { request, signal }: Call,
  { bytesMax, now }: Limits,
): Promise<Uint8Array<ArrayBuffer>> {
  refuseForms(request.headers)
  refuseAnnouncedLength(request.headers, bytesMax)
  const source = request.body ?? new Blob([]).stream()
  const body = pacedBody(source, { bytesMax, caller: request.signal, signal, now })
  return new Uint8Array(await new Response(body).arrayBuffer())
}

function refuseForms(headers: Headers): void {
  if (!/^multipart\//i.test(headers.get('content-type') ?? '')) return
  throw new AppError('unsupported_media_type', 'The body must be the file itself, not a form.', {
    hint: 'With curl: --data-binary @file in place of -F.',
  })
}

/** What an `Idempotency-Key` stands for: where the body goes and how it is read, too, which the query says. */
export async function bodyFingerprint(
  { pathname, search }: URL,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const asked = new TextEncoder().encode(`${pathname}${search}\n`)
  const whole = await new Blob([asked, bytes]).arrayBuffer()
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole))
}
