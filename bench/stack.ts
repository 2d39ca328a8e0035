import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A stack of its own for one benchmark: nothing is measured on data or limits of another one. */
export type BenchStack = {
  baseUrl: string
  databaseUrl: string // with its password
  key: string
  /** Unix socket of one function, past Caddy. */
  socketOf(functionName: string): string
  /** Process that answers for one function. */
  pidOf(functionName: string): number
  stop(): void
}

type Process = { role: string; name: string; pid: number }
type Status = Partial<Record<string, string>> & { processes: readonly Process[] }

const octavo = 'local-runtime/octavo.mjs'

/** Starts a stack without rate limits in a new home; takes some seconds. */
export function startStack(port: number): BenchStack {
  const home = mkdtempSync(join(tmpdir(), 'octavo-bench-'))
  const unlimited = '10000000'
  const env = {
    ...process.env,
    OCTAVO_HOME: home,
    OCTAVO_PORT: String(port),
    RATE_KEY_PER_SECOND: unlimited,
    RATE_KEY_BURST: unlimited,
    RATE_ADDRESS_PER_SECOND: unlimited,
    RATE_ADDRESS_BURST: unlimited,
    LOG_LEVEL: 'warn',
  }
  const run = (...args: string[]) =>
    execFileSync('node', [octavo, ...args], { env, encoding: 'utf8' })
  run('deploy', '--no-smoke')
  const status = JSON.parse(run('status', '--json')) as Status
  const databaseUrl = new URL(status.database_url ?? '')
  databaseUrl.password = readFileSync(status.database_password_file ?? '', 'utf8').trim()
  return {
    baseUrl: status.base_url ?? '',
    databaseUrl: databaseUrl.href,
    key: readFileSync(status.admin_key_file ?? '', 'utf8').trim(),
    pidOf: (name) => {
      const isolate = status.processes.find(
        (each) => each.role === 'isolate' && each.name.split(',').includes(name),
      )
      if (!isolate) throw new Error(`No isolate hosts "${name}".`)
      return isolate.pid
    },
    socketOf: (name) => join(home, 'run', `${name}.sock`),
    stop() {
      run('stop')
      rmSync(home, { recursive: true })
    },
  }
}
