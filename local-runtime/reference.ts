import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Reference } from '../functions/_shared/ports/deps.ts'
import { newServiceStates } from './service-states.ts'

type ReferenceOptions = {
  openapi: () => Promise<string>
  checkout: string
  run: string
}

// The files of the reference page, from the package swagger-ui-dist; nothing else of it can be asked for.
const assets: Record<string, string> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
}

/** What the host tells `docs` and `health` of all functions and services together. */
export function newReference({ openapi, checkout, run }: ReferenceOptions): Reference {
  return {
    openapi,
    async asset(name) {
      const contentType = Object.hasOwn(assets, name) ? assets[name] : undefined
      if (contentType === undefined) return null
      const body = await readFile(join(checkout, 'node_modules/swagger-ui-dist', name))
      return { body: new Uint8Array(body), contentType }
    },
    health: newServiceStates(run),
  }
}
