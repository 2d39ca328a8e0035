import * as z from 'zod'
import { equalBytes, hashSecret } from '../_shared/access/keys.ts'
import { linkFailure } from '../_shared/access/link-failures.ts'
import { parseToken } from '../_shared/access/link-tokens.ts'
import type { Call } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { fileResponse } from '../_shared/http/stored-file.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { findOpenShare, listTextPages, type OpenShare } from './queries.ts'

// A link is a secret in an address: no cache keeps what it shows, no other site and no search engine learns of it.
const secretive = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
}

export const openHandler =
  (deps: Deps): Handler<typeof contract.openShare> =>
  async (c, { query: { token } }) => {
    const share = await openShare(deps, c, token)
    return reply(200, contract.toSharedDocument(share), { headers: secretive })
  }

export const contentHandler =
  (deps: Deps): Handler<typeof contract.openContent> =>
  async (c, { query: { token } }) => {
    const share = await openShare(deps, c, token)
    if (!share.allowDownload)
      throw new AppError('forbidden', 'This link shows the text of the pages alone.', {
        headers: secretive,
      })
    const response = await fileResponse(c.request, deps.storage, share)
    for (const [name, value] of Object.entries(secretive)) response.headers.set(name, value)
    return response
  }

export const pagesHandler =
  (deps: Deps): Handler<typeof contract.openPages> =>
  async (c, { query: { token, cursor, limit } }) => {
    const { tenantId, id, documentId } = await openShare(deps, c, token)
    const { cursors, url } = c
    const scope = JSON.stringify([tenantId, 'openSharePages', id])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [0]
    const rows = await listTextPages(deps.db, { tenantId, documentId, after, limit: limit + 1 })
    const position = ({ number }: { number: number }) => [number]
    const page = await toPage(
      { cursors, scope, url },
      { rows, limit, position, item: (row) => row },
    )
    return reply(200, page.body, { headers: { ...secretive, ...page.headers } })
  }

/** @throws {AppError} the same `not_found` for whatever opens nothing; `rate_limited` after many of those */
async function openShare({ db, redis, now }: Deps, c: Call, text: string): Promise<OpenShare> {
  const token = parseToken(text)
  const share = token && (await findOpenShare(db, { ...token, at: now() }))
  if (share && equalBytes(await hashSecret(token.secret), share.secretSha256)) return share
  throw await linkFailure(redis.limits, c, { kind: 'share', headers: secretive })
}
