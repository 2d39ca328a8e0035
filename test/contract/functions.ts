import type { FunctionApp } from '../../functions/_shared/http/app.ts'
import type { Route } from '../../functions/_shared/http/route.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import { registry } from '../../local-runtime/registry.ts'
import { setup } from '../harness/setup.ts'

type FunctionModule = { createApp: (deps: Deps) => FunctionApp }

/** One operation of one function, with the path that a caller sees. */
export type Operation = { functionName: string; route: Route; path: string }

const pathOf = (name: string, { path, atRoot }: Route): string =>
  `${atRoot ? '' : `/v1/${name}`}${path === '/' && !atRoot ? '' : path}`

/** Every function of the registry behind one `fetch`, as Caddy would route it; and all their operations. */
export async function setupAll() {
  const modules = await Promise.all(
    registry.map(async ({ name }) => {
      const loaded = (await import(`../../functions/${name}/index.ts`)) as FunctionModule
      return { name, createApp: loaded.createApp }
    }),
  )
  const operations: Operation[] = []
  const bench = await setup((deps) => {
    const apps = modules.map(({ name, createApp }) => ({ name, app: createApp(deps) }))
    for (const { name, app } of apps)
      for (const route of app.routes)
        operations.push({ functionName: name, route, path: pathOf(name, route) })
    return { fetch: (request) => appFor(apps, request).fetch(request) }
  })
  return { ...bench, operations }
}

function appFor(apps: { name: string; app: FunctionApp }[], request: Request): FunctionApp {
  const [, version, name] = new URL(request.url).pathname.split('/')
  const byName = apps.find((entry) => version === 'v1' && entry.name === name)
  const isDocs = version === 'docs' || version === 'openapi.json'
  const found = byName ?? apps.find((entry) => entry.name === (isDocs ? 'docs' : 'health'))
  if (!found) throw new Error('the registry is empty')
  return found.app
}
