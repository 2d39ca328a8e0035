#!/usr/bin/env node
// Plain JavaScript for the machine's own Node (>= 20): finds the Node 24 that npm installed and hands over to it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const majorMin = 24
const installed = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url))
const isNewEnough = Number(process.versions.node.split('.')[0]) >= majorMin
const program = existsSync(installed) ? installed : isNewEnough ? process.execPath : null

if (program === null) {
  console.error(
    `Octavo needs Node ${majorMin}, and this is ${process.versions.node}. Run ./deploy-local.sh, which installs it,\n` +
      'or `npm ci` (without --omit=optional).',
  )
  process.exit(1)
}

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const child = spawn(program, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
// Ctrl-C reaches the child by itself; only it decides what that means.
process.on('SIGINT', () => {})
child.on('error', (err) => {
  console.error(`${program} cannot be started: ${err.message}`)
  process.exit(1)
})
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128 + 2)))
