import { type ClientApp, newApp } from '../_shared/http/app.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as agreement from './agreement-routes.ts'
import * as contract from './contract.ts'
import * as agreementContract from './contract-agreement.ts'
import { listHandler, nextHandler } from './queue.ts'
import * as seen from './seen.ts'
import { summaryHandler } from './summary.ts'

/** What waits for a verdict, who takes what, and how far annotators agree. */
export const createApp = (deps: Deps) =>
  newApp(deps, { name: 'review', summary: 'The review of annotations, and agreement on them.' })
    .on(contract.listQueue, listHandler(deps))
    .on(contract.leaseNext, nextHandler(deps))
    .on(contract.summarize, summaryHandler(deps))
    .on(agreementContract.markSeen, seen.markHandler(deps))
    .on(agreementContract.listSeen, seen.listHandler(deps))
    .on(agreementContract.getAgreement, agreement.getHandler(deps))
    .on(agreementContract.requestAgreement, agreement.requestHandler(deps))

export type ReviewApp = ClientApp<ReturnType<typeof createApp>>
