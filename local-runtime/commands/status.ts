import { defineCommand } from 'citty'
import { type Config, loadConfig, socketPath } from '../config.ts'
import { errorListKey } from '../relay/recent-entries.ts'
import { NotRunning, readStatus } from '../supervisor/control-client.ts'
import type { ProcessState } from '../supervisor/supervisor.ts'
import { orExplain } from './terminal.ts'

const stoppedExitCode = 3
const mebibyte = 1024 ** 2

export const status = defineCommand({
  meta: { name: 'status', description: 'Show addresses and processes; exit code 3 when stopped' },
  args: { json: { type: 'boolean', description: 'As one JSON object' } },
  run: ({ args }) =>
    orExplain(async () => {
      const config = loadConfig()
      const processes = await processesOf(config)
      if (processes.length === 0) process.exitCode = stoppedExitCode
      const report = statusReport(config, processes)
      console.log(args.json ? JSON.stringify(report, null, 2) : asText(report, processes))
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

/** What other programs read; every name is a promise. */
export function statusReport(config: Config, processes: readonly ProcessState[]) {
  const { database, redis, paths, baseUrl } = config
  return {
    base_url: baseUrl,
    database_url: database.url,
    database_password_file: database.password?.file ?? null,
    redis_url: redis.url,
    redis_password_file: redis.password?.file ?? null,
    log_list: errorListKey,
    admin_key_file: paths.adminKey,
    processes: processes.map(({ role, name, pid, restarts, memory }) => ({
      role,
      name,
      pid,
      restarts,
      rss_bytes: memory?.rssBytes ?? null,
      pss_bytes: memory?.pssBytes ?? null,
    })),
    pss_bytes_sum: processes.reduce((sum, { memory }) => sum + (memory?.pssBytes ?? 0), 0),
  }
}

type Report = ReturnType<typeof statusReport>

function asText(report: Report, processes: readonly ProcessState[]): string {
  if (processes.length === 0) return 'The stack is not running. Start it with ./deploy-local.sh'
  const megabytes = (bytes: number | null) =>
    `${Math.round((bytes ?? 0) / mebibyte)} MiB`.padStart(9)
  const rows = report.processes.map(
    ({ role, name, pid, rss_bytes, restarts }) =>
      `${role.padEnd(12)}${String(pid).padStart(8)}${megabytes(rss_bytes)}  ${name}` +
      (restarts > 0 ? `  (restarted ${restarts} times)` : ''),
  )
  return [
    `base URL      ${report.base_url}`,
    `database      ${report.database_url}  (password: ${report.database_password_file ?? 'none'})`,
    `Redis         ${report.redis_url}  (password: ${report.redis_password_file ?? 'none'})`,
    `admin key     ${report.admin_key_file}`,
    '',
    ...rows,
    `memory, shared pages counted once: ${megabytes(report.pss_bytes_sum).trim()}`,
  ].join('\n')
}
