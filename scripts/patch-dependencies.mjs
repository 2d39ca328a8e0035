// Runs after every install, on whatever Node the machine has. Applies patches/ to node_modules.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
const patches = new URL('patches/', root)

if (existsSync(patches) && readdirSync(patches).some((name) => name.endsWith('.patch'))) {
  const program = createRequire(import.meta.url).resolve('patch-package/index.js')
  const { status } = spawnSync(process.execPath, [program, '--error-on-fail'], {
    cwd: fileURLToPath(root),
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
