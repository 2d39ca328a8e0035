import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type * as z from 'zod'
import { aiFaults } from './config/ai.ts'
import { type BuiltConfig, buildConfig } from './config/build.ts'
import { appSecretFault, credentialReader } from './config/credentials.ts'
import { ConfigFault, type Fault } from './config/faults.ts'
import { ensureFolders } from './config/folders.ts'
import { objectStoreFaults } from './config/object-store.ts'
import { ensureSecretFile } from './config/secrets.ts'
import { Settings, settingDocuments } from './config/settings.ts'
import { envFileOf, readSources, type Sources } from './config/sources.ts'

export { describeConfig } from './config/description.ts'
export { ConfigFault } from './config/faults.ts'
export { ensureFolders, socketPath, stackPaths, stackPorts } from './config/folders.ts'
export { remember } from './config/remembered.ts'
export { ensureSecretFile, Secret } from './config/secrets.ts'

/** Everything that a process of Octavo knows of its surroundings. Deeply frozen. */
export type Config = BuiltConfig

type Environment = Record<string, string | undefined>
type LoadOptions = {
  checkout?: string // default: the folder above that holds Octavo's package.json
  envFile?: string | null // default: <checkout>/.env; null reads none
}

/**
 * Reads the configuration from the environment, `.env` below it, and secret files. Writes nothing:
 * generated secrets are read when they are asked for, see {@link prepareHome}.
 * @throws {ConfigFault} names every fault at once: variable, source, fix; never a secret's value
 */
export function loadConfig(env: Environment = process.env, options: LoadOptions = {}): Config {
  const checkout = options.checkout ?? findCheckout(env)
  const envFile = options.envFile === undefined ? envFileOf(checkout) : options.envFile
  const sources = readSources(env, { envFile, checkout })
  const parsed = Settings.safeParse(sources.values)
  const credentials = credentialReader(sources, checkout)
  const given = {
    app: credentials.given('OCTAVO_SECRET'),
    database: credentials.given('DATABASE_PASSWORD'),
    redis: credentials.given('REDIS_PASSWORD'),
    databaseAddress: credentials.address('DATABASE_URL'),
    redisAddress: credentials.address('REDIS_URL'),
    storeKey: {
      id: credentials.given('S3_ACCESS_KEY_ID'),
      secret: credentials.given('S3_SECRET_ACCESS_KEY'),
    },
    aiKey: credentials.given('OCTAVO_AI_KEY'),
  }
  const secretFault = appSecretFault(given.app, sources)
  const faults = [
    ...credentials.faults,
    ...(secretFault === null ? [] : [secretFault]),
    ...objectStoreFaults(sources, given.storeKey),
    ...aiFaults(sources),
  ]
  if (!parsed.success) faults.unshift(...schemaFaults(parsed.error, sources))
  if (!parsed.success || faults.length > 0) throw new ConfigFault(faults)
  return deepFreeze(
    buildConfig(parsed.data, given, {
      version: manifestOf(checkout)?.version ?? '0.0.0',
      checkout,
      sources,
    }),
  )
}

/** Makes the stack's folders and generates the secrets that nobody gave. Safe to call at any time, by several at once. */
export function prepareHome(config: Config): void {
  ensureFolders(config.home, config.sourceOf('OCTAVO_HOME'))
  const { appSecret, databasePassword, redisPassword } = config.paths
  for (const secret of [config.appSecret, config.database.password, config.redis.password]) {
    if (secret?.file == null) continue
    if ([appSecret, databasePassword, redisPassword].includes(secret.file))
      ensureSecretFile(secret.file)
  }
}

/**
 * The part of the surroundings that programs of others need (search path, language, time zone, proxies), and no secret.
 * Services get this and not `process.env`.
 */
export function systemEnvironment(env: Environment = process.env): Record<string, string> {
  const wanted = /^(PATH|LANG|LC_.*|TZ|HOME|USER|TMPDIR|APT_CONFIG|(https?|ftp|no|all)_proxy)$/i
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && wanted.test(entry[0]),
  )
  return { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', ...Object.fromEntries(entries) }
}

function schemaFaults(error: z.ZodError, { values, sourceOf }: Sources): Fault[] {
  return error.issues.map((issue) => {
    const variable = String(issue.path[0] ?? '')
    const document = settingDocuments.find(({ name }) => name === variable)
    const shown =
      document?.secret === true ? 'the value (masked)' : JSON.stringify(values[variable])
    const fix = `${issue.message}; for example ${variable}=${document?.example}`
    return { variable, source: sourceOf(variable), problem: `${shown} is not valid`, fix }
  })
}

// Built bundles lie elsewhere than the sources: the supervisor tells them the checkout.
function findCheckout(env: Environment): string {
  const told = env.OCTAVO_INTERNAL_CHECKOUT
  if (told !== undefined) return told
  const here = dirname(fileURLToPath(import.meta.url))
  for (let folder = here; dirname(folder) !== folder; folder = dirname(folder)) {
    if (manifestOf(folder)?.name === 'octavo') return folder
  }
  throw new Error(
    `No checkout of Octavo lies above ${here}; OCTAVO_INTERNAL_CHECKOUT must name it.`,
  )
}

function manifestOf(folder: string): { name?: string; version?: string } | null {
  const file = join(folder, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}

/** A copy of this process's environment, for programs of ours that it starts and that read their own configuration. */
export const environment = (): Record<string, string | undefined> => ({ ...process.env })
