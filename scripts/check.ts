import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { configurationTable, envExample } from '../local-runtime/config/documents.ts'
import { openApiFaults } from './openapi-check.ts'
import { outputOf } from './program-output.ts'

type Outcome = { name: string; seconds: number; fault: string | null }

/** Files that code writes, with what it would write now. */
const generated = { '.env.example': envExample, 'docs/configuration.md': configurationTable }
const schema = './db/schema/index.ts'

/** Everything that can be said without running the product. All checks run, at the same time, and all faults are shown. */
async function check(): Promise<void> {
  const migrations = (await readdir('drizzle')).filter((name) => name.endsWith('.sql'))
  const reference = openApiFaults()
  const outcomes = await Promise.all([
    measured('types', () => command('tsc', '--noEmit')),
    measured('style', () => command('biome', 'check', '--error-on-warnings', '.')),
    measured('unused', () => command('knip')),
    measured('migrations', () => command('squawk', ...migrations.map((name) => `drizzle/${name}`))),
    measured('schema', schemaIsMigrated),
    measured('generated files', generatedFilesAreNew),
    measured('reference', async () => (await reference).difference),
    measured('reference lint', async () => (await reference).lint),
  ])
  for (const { name, seconds, fault } of outcomes) {
    console.log(`${fault === null ? 'ok    ' : 'FAILED'} ${name} (${seconds.toFixed(1)} s)`)
    if (fault !== null) console.log(fault)
  }
  process.exitCode = outcomes.some(({ fault }) => fault !== null) ? 1 : 0
}

async function measured(name: string, work: () => Promise<string | null>): Promise<Outcome> {
  const started = performance.now()
  const fault = await work()
  return { name, seconds: (performance.now() - started) / 1000, fault }
}

/** @returns what the program printed when it failed, else `null` */
async function command(program: string, ...args: string[]): Promise<string | null> {
  const { status, output } = await outputOf(program, args)
  return status === 0 ? null : output
}

/** A schema without its migration would work here and fail on every machine that already has data. */
async function schemaIsMigrated(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-schema-'))
  try {
    await cp('drizzle', folder, { recursive: true })
    // drizzle-kit puts `./` before the folder, so that an absolute path would not be found.
    const out = relative('.', folder)
    const options = ['--dialect', 'postgresql', '--schema', schema, '--out', out]
    const { status, output } = await outputOf('drizzle-kit', ['generate', ...options])
    if (status === 0 && output.includes('No schema changes')) return null
    return `db/schema and drizzle/ differ; run \`npm run db:generate\`:\n${output}`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function generatedFilesAreNew(): Promise<string | null> {
  const old: string[] = []
  for (const [path, write] of Object.entries(generated)) {
    if ((await readFile(path, 'utf8')) !== write()) old.push(path)
  }
  return old.length === 0 ? null : `${old.join(', ')}: run \`npm run docs:config\``
}

await check()
