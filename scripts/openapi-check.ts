import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { systemEnvironment } from '../local-runtime/config.ts'
import { outputOf } from './program-output.ts'

const committed = 'docs/openapi.json'
// A new function has hundreds; what changed is seen in the first ones.
const diffLinesMax = 120

// The lint sends nothing and asks nobody whether it is new.
const offline = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }

/** What is wrong with the OpenAPI document of the code as it is now, `null` for nothing. */
export type OpenApiFaults = { difference: string | null; lint: string | null }

/** Compares the code's document with the committed one, and lints it, at the same time. */
export async function openApiFaults(): Promise<OpenApiFaults> {
  const folder = await mkdtemp(join(tmpdir(), 'octavo-openapi-'))
  try {
    const path = join(folder, committed)
    await mkdir(dirname(path))
    const written = await outputOf('node', ['scripts/openapi-write.ts', path])
    if (written.status !== 0) return { difference: written.output, lint: 'There is no document.' }
    const [difference, lint] = await Promise.all([differenceFrom(path), lintIn(folder)])
    return { difference, lint }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function differenceFrom(path: string): Promise<string | null> {
  const options = ['--no-index', '--no-color', '--no-prefix']
  const { status, output } = await outputOf('git', ['diff', ...options, committed, path])
  if (status === 0) return null
  const lines = output.trimEnd().split('\n')
  const shown = lines.slice(0, diffLinesMax)
  if (lines.length > shown.length) shown.push(`... ${lines.length - shown.length} more lines`)
  return `${committed} is not what the code says; run \`npm run docs:openapi\`:\n${shown.join('\n')}`
}

/** What is ignored is named by the document's path below the configuration. */
async function lintIn(folder: string): Promise<string | null> {
  for (const name of ['redocly.yaml', '.redocly.lint-ignore.yaml'])
    await cp(name, join(folder, name))
  const args = ['lint', '--config', join(folder, 'redocly.yaml'), join(folder, committed)]
  const { status, output } = await outputOf('redocly', args, {
    ...systemEnvironment(),
    ...offline,
  })
  return status === 0 ? null : output
}
