import type { Handler } from '../_shared/http/route.ts'
import { fileResponse } from '../_shared/http/stored-file.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { ReadVisible } from './access.ts'
import type { getContent } from './result-routes.ts'

/** Sends the stored bytes, whole or one range of them. */
export const contentHandler =
  ({ storage }: Deps, readVisible: ReadVisible): Handler<typeof getContent> =>
  async (c, { param }) =>
    fileResponse(c.request, storage, await readVisible(c, param.id))
