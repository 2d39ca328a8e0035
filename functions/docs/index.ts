import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { AppError } from '../_shared/http/problems.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { assetNames, contentSecurityPolicy, page, startScript } from './page.ts'
import { contentResponse, type Served, served, servedText } from './served-content.ts'

const openapi = route({
  method: 'get',
  path: '/openapi.json',
  atRoot: true,
  operationId: 'getOpenApi',
  role: 'public',
  summary: 'OpenAPI 3.1 document of all functions',
  replies: { 200: content('application/json', 'OpenAPI 3.1.') },
})

const reference = route({
  method: 'get',
  path: '/docs',
  atRoot: true,
  operationId: 'getReference',
  role: 'public',
  summary: 'Reference page with "try it"',
  replies: { 200: content('text/html', 'A page that loads nothing from elsewhere.') },
})

const asset = route({
  method: 'get',
  path: '/docs/:name',
  atRoot: true,
  operationId: 'getReferenceAsset',
  role: 'public',
  summary: 'A file of the reference page',
  input: { param: z.object({ name: z.enum(['start.js', ...assetNames]) }) },
  replies: { 200: content('application/octet-stream', 'The file.'), ...failures('not_found') },
  example: { param: { name: 'start.js' } },
})

/** The reference: one document of all functions, and a page that shows it. */
export const createApp = (deps: Deps) => {
  const { reference: host } = deps.config
  const made = new Map<string, Promise<Served>>()
  // Neither the document nor the files change while the process lives.
  const once = (name: string, make: () => Promise<Served>): Promise<Served> => {
    const known = made.get(name) ?? make()
    made.set(name, known)
    known.catch(() => made.delete(name))
    return known
  }
  const readAsset = async (name: string): Promise<Served> => {
    if (name === 'start.js') return servedText(startScript, 'text/javascript')
    const file = await host.asset(name)
    if (!file) throw new AppError('not_found', 'There is nothing here.')
    return served(file.body, file.contentType)
  }
  return newApp(deps, { name: 'docs', summary: 'The reference of all functions.' })
    .on(openapi, async (c) => {
      const make = async () => servedText(await host.openapi(), 'application/json')
      return contentResponse(c.request, await once('openapi', make))
    })
    .on(reference, async (c) => {
      const html = await once('page', () => servedText(page, 'text/html'))
      const headers = { 'Content-Security-Policy': contentSecurityPolicy }
      return contentResponse(c.request, html, headers)
    })
    .on(asset, async (c, { param }) => {
      const { name } = param
      return contentResponse(c.request, await once(name, () => readAsset(name)))
    })
}

export type DocsApp = ClientApp<ReturnType<typeof createApp>>
