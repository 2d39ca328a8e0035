import {
  mergeOpenApi,
  type OpenApiDocument,
  openApiDocument,
} from '../functions/_shared/http/openapi.ts'
import { loadConfig } from '../local-runtime/config.ts'
import { createDeps } from '../local-runtime/deps.ts'
import { loadFunctions } from './roles-matrix.ts'

// Of the interface, as in `/v1/`: the version of a build would differ with every release.
const interfaceVersion = '1'

// Instead of the reader's own, so that every machine writes the same. Nothing connects to them.
const environment = {
  OCTAVO_SECRET: Buffer.alloc(32).toString('base64'),
  DATABASE_URL: 'postgres://nobody:nothing@127.0.0.1:1/none',
  REDIS_URL: 'redis://127.0.0.1:1',
}

/** The merged document of all functions as `docs/openapi.json` holds it: the same code gives the same text. */
export async function openApiText(): Promise<string> {
  const config = loadConfig(environment, { envFile: null })
  const host = createDeps(config, { role: 'tasks', logFd: 2 })
  try {
    const functions = await loadFunctions(host.deps)
    const documents = functions.map((app) => openApiDocument(app, interfaceVersion))
    return `${JSON.stringify(inOrder(mergeOpenApi(documents)), null, 2)}\n`
  } finally {
    await host.close()
  }
}

/** By name: a route that moves within its file, or a function within the registry, is no difference. */
function inOrder(document: OpenApiDocument): OpenApiDocument {
  const { paths, components, tags } = document
  return {
    ...document,
    tags: tags.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    // Parameters before literals: `/jobs/{id}` is read before `/jobs/kinds`.
    paths: sorted(paths, (path) => path.replaceAll('{', '!')),
    components: { ...components, schemas: sorted(components.schemas, (name) => name) },
  }
}

function sorted<T>(record: Record<string, T>, keyOf: (name: string) => string): Record<string, T> {
  const entries = Object.entries(record)
  return Object.fromEntries(entries.sort(([one], [other]) => (keyOf(one) < keyOf(other) ? -1 : 1)))
}
