import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { functionFiles } from './function-template.ts'

const usage =
  'usage: npm run new:function <name>   (lower case words joined by hyphens, e.g. price-lists)'
const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/

/** `before` matches what the new line must follow. */
type Insertion = { path: string; before: RegExp; line: string }

/** Where a function is known outside of its folder: these two lines, and nowhere else. */
const insertions = (name: string): Insertion[] => [
  {
    path: 'local-runtime/registry.ts',
    before: /^export const registry\b.* = \[\n(?: .*\n)*(?=\]\n)/m,
    line: `  { name: '${name}' },\n`,
  },
  {
    path: 'Caddyfile',
    before: /^\timport function .*\n(?!\timport function )/m,
    line: `\timport function ${name} {$BODY_BYTES_MAX:2MiB}\n`,
  },
]

/** @throws {Error} one sentence: what is wrong with the name or the tree; nothing has been written then */
async function newFunction(name: string): Promise<string[]> {
  if (!namePattern.test(name)) throw new Error(usage)
  const folder = `functions/${name}`
  if (existsSync(folder)) throw new Error(`${folder} exists already.`)
  const changed = await Promise.all(insertions(name).map(inserted))
  await mkdir(folder)
  const made = Object.entries(functionFiles(name)).map(([file, text]) => ({
    path: `${folder}/${file}`,
    text,
  }))
  for (const { path, text } of [...made, ...changed]) await writeFile(path, text)
  // Where lines break depends on the length of the name.
  execFileSync('node_modules/.bin/biome', ['check', '--write', folder], { stdio: 'ignore' })
  return [...made, ...changed].map(({ path }) => path)
}

async function inserted({
  path,
  before,
  line,
}: Insertion): Promise<{ path: string; text: string }> {
  const text = await readFile(path, 'utf8')
  const last = before.exec(text)
  if (!last) throw new Error(`${path} has no line after which a function could be added.`)
  const at = last.index + last[0].length
  return { path, text: text.slice(0, at) + line + text.slice(at) }
}

try {
  const name = process.argv[2] ?? ''
  const paths = await newFunction(name)
  console.log(`${paths.join('\n')}\n\nNext: npm test functions/${name}, then ./deploy-local.sh`)
} catch (err) {
  console.error(err instanceof Error ? err.message : err)
  process.exitCode = 1
}
