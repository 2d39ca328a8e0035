import { appendAudit } from '../../domain/audit/append.ts'
import { planGivenNames } from '../../domain/conferences/aliases.ts'
import { loadSeries } from '../../domain/conferences/loading.ts'
import { countChange, holdConferences, writePlans } from '../../domain/conferences/writing.ts'
import { identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { deleteSeries, findSeriesTitle } from './queries.ts'
import { toDetails } from './representation.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

export const changeHandler =
  ({ now }: Deps): Handler<typeof contract.changeConference> =>
  (c, { param: { id }, json: { aliases } }) =>
    c.write(async (tx) => {
      const { tenantId } = c
      if ((await findSeriesTitle(tx, tenantId, id)) === null) throw missing()
      await holdConferences(tx, tenantId)
      const [known] = await loadSeries(tx, tenantId, [id])
      if (!known) throw missing()
      requireVersion(c, known.version)
      const plan = planGivenNames(known, aliases, now())
      await writePlans(tx, { tenantId, at: now() }, [plan])
      return reply(200, toDetails(plan.state), { version: plan.state.version })
    })

export const deleteHandler =
  ({ now }: Deps): Handler<typeof contract.deleteConference> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => {
      const { tenantId, userId, keyId } = identityOf(c.identity)
      if ((await findSeriesTitle(tx, tenantId, id)) === null) throw missing()
      await holdConferences(tx, tenantId)
      const [known] = await loadSeries(tx, tenantId, [id])
      if (!known) throw missing()
      requireVersion(c, known.version)
      await deleteSeries(tx, tenantId, id)
      await countChange(tx, tenantId)
      await appendAudit(tx, {
        ...{ tenantId, action: 'conference.deleted', subjectType: 'conference', subjectId: id },
        ...{ actor: { userId, keyId }, requestId: c.requestId, detail: { title: known.title } },
        at: now(),
      })
      return reply(204, null)
    })
