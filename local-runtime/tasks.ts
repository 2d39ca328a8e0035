import { pathToFileURL } from 'node:url'
import { openDatabase } from '../db/client.ts'
import { migrate } from '../db/migrate.ts'
import { mergeOpenApi, openApiDocument } from '../functions/_shared/http/openapi.ts'
import type { Deps } from '../functions/_shared/ports/deps.ts'
import { ensureOperator } from './bootstrap.ts'
import { type Config, loadConfig } from './config.ts'
import { createDeps, databaseAddress } from './deps.ts'

/**
 * Short tasks of the supervisor, each a process of its own, so that the supervisor loads neither Drizzle nor a function:
 * `migrate`, `operator`, `openapi <built file>...`. What it prints is its result; it fails with one message on stderr.
 */
const tasks: Record<string, (config: Config, args: string[]) => Promise<string>> = {
  async migrate(config) {
    const applied = await migrate({
      ...databaseAddress(config),
      log: (line) => console.error(line),
    })
    return applied.length === 0 ? 'nothing to do' : `applied ${applied.join(', ')}`
  },

  async operator(config) {
    const database = openDatabase({
      ...databaseAddress(config),
      poolMax: 2,
      prepare: config.database.prepare,
      applicationName: 'octavo-tasks',
      statementTimeoutMs: config.database.statementTimeoutMs,
      connectTimeoutMs: config.database.connectTimeoutMs,
    })
    try {
      return await ensureOperator(database.db, config.paths.adminKey)
    } finally {
      await database.close()
    }
  },

  async openapi(config, files) {
    const host = createDeps(config, { role: 'tasks', logFd: 2 })
    const documents = []
    for (const file of files) {
      const app = await appOf(file, host.deps).catch((err: unknown) => {
        // Its isolate says the same at its own socket; the others are still documented.
        console.error(`${file} could not be loaded: ${String(err)}`)
        return null
      })
      if (app) documents.push(openApiDocument(app, config.version))
    }
    await host.close()
    return JSON.stringify(mergeOpenApi(documents))
  },
}

type App = Parameters<typeof openApiDocument>[0]

async function appOf(file: string, deps: Deps): Promise<App> {
  const { createApp } = (await import(pathToFileURL(file).href)) as {
    createApp: (deps: Deps) => App
  }
  return createApp(deps)
}

const [name = '', ...args] = process.argv.slice(2)
const task = tasks[name]
if (task === undefined) throw new Error(`There is no task ${name}.`)
try {
  process.stdout.write(`${await task(loadConfig(), args)}\n`)
} catch (err) {
  console.error(err instanceof Error ? err.message : err)
  process.exitCode = 1
}
