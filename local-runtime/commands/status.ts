import { existsSync } from 'node:fs'
import { defineCommand } from 'citty'
import { type Config, loadConfig, socketPath } from '../config.ts'
import { registry } from '../registry.ts'
import { errorListKey } from '../relay/recent-entries.ts'
import { readSocketJson } from '../socket-json.ts'
import type { Services } from '../supervisor/control.ts'
import { NotRunning, readStatus } from '../supervisor/control-client.ts'
import type { KeptService, ProcessState } from '../supervisor/supervisor.ts'
import { ageText, startOf } from './process-start.ts'
import { missingProcesses } from './status-missing.ts'
import { orExplain } from './terminal.ts'

const stoppedExitCode = 3
const servicesTimeoutMs = 2_000
const mebibyte = 1024 ** 2

export const status = defineCommand({
  meta: { name: 'status', description: 'Show addresses and processes; exit code 3 when stopped' },
  args: { json: { type: 'boolean', description: 'As one JSON object' } },
  run: ({ args }) =>
    orExplain(async () => {
      const config = loadConfig()
      const processes = await processesOf(config)
      if (processes.length === 0) process.exitCode = stoppedExitCode
      const functions = registry.map(({ name }) => name)
      const missing =
        processes.length === 0
          ? []
          : missingProcesses(await keptServices(config), processes, functions)
      const report = statusReport(config, processes, missing)
      console.log(args.json ? JSON.stringify(report, null, 2) : statusText(report, new Date()))
    }),
})

async function processesOf({ paths }: Config): Promise<ProcessState[]> {
  try {
    return (await readStatus(socketPath(paths.run, 'supervisor.sock'))).processes
  } catch (err) {
    if (err instanceof NotRunning) return []
    throw err
  }
}

/** Nothing, where the supervisor's code is older than this question. */
async function keptServices({ paths }: Config): Promise<KeptService[]> {
  const question = { socketPath: socketPath(paths.run, 'supervisor.sock'), path: '/services' }
  const timeoutMs = servicesTimeoutMs
  return readSocketJson<Services>({ ...question, timeoutMs }).then(
    ({ services }) => services,
    () => [],
  )
}

const existing = (path: string | null | undefined): string | null =>
  path && existsSync(path) ? path : null

/** What other programs read; every name is a promise, and `null` stands for what is not there. */
export function statusReport(
  config: Config,
  processes: readonly ProcessState[],
  missing: readonly string[] = [],
) {
  const { database, redis, paths, baseUrl } = config
  return {
    base_url: baseUrl,
    database_url: database.url,
    database_password_file: existing(database.password?.file),
    redis_url: redis.url,
    redis_password_file: existing(redis.password?.file),
    log_list: errorListKey,
    admin_key_file: existing(paths.adminKey),
    processes: processes.map(({ role, name, pid, restarts, memory }) => ({
      role,
      name,
      pid,
      restarts,
      started_at: startOf(pid)?.toISOString() ?? null,
      rss_bytes: memory?.rssBytes ?? null,
      pss_bytes: memory?.pssBytes ?? null,
    })),
    /** What should run and does not. */
    missing,
    pss_bytes_sum: processes.reduce((sum, { memory }) => sum + (memory?.pssBytes ?? 0), 0),
  }
}

type Report = ReturnType<typeof statusReport>

/** What people read. */
export function statusText(report: Report, now: Date): string {
  if (report.processes.length === 0)
    return 'The stack is not running. Start it with ./deploy-local.sh'
  const { missing } = report
  const rows = report.processes.map((state) => processRow(state, now))
  const complaint =
    missing.length === 0
      ? []
      : [`DOES NOT RUN  ${missing.join('; ')}  (./deploy-local.sh logs says why)`]
  return [
    `base URL      ${report.base_url}`,
    `database      ${report.database_url}  (password: ${report.database_password_file ?? 'none'})`,
    `Redis         ${report.redis_url}  (password: ${report.redis_password_file ?? 'none'})`,
    `admin key     ${report.admin_key_file ?? 'none yet'}`,
    '',
    ...rows,
    ...complaint,
    `memory, shared pages counted once: ${mebibytes(report.pss_bytes_sum).trim()}`,
  ].join('\n')
}

/** "caddy           1234   40 MiB  up   5 min  caddy  (restarted once)" */
function processRow(state: Report['processes'][number], now: Date): string {
  const { role, name, pid, rss_bytes, restarts, started_at } = state
  const age = started_at === null ? '?' : ageText(now.getTime() - Date.parse(started_at))
  const times = restarts === 1 ? 'once' : `${restarts} times`
  const row = `${role.padEnd(12)}${String(pid).padStart(8)}${mebibytes(rss_bytes)}  up${age.padStart(8)}  ${name}`
  return restarts === 0 ? row : `${row}  (restarted ${times})`
}

const mebibytes = (bytes: number | null): string =>
  `${Math.round((bytes ?? 0) / mebibyte)} MiB`.padStart(9)
