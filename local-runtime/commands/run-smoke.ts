import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { type Config, environment, loadConfig, socketPath } from '../config.ts'
import { NotRunning, readStatus } from '../supervisor/control-client.ts'
import { orExplain } from './terminal.ts'

export const smoke = defineCommand({
  meta: { name: 'smoke', description: 'Run the smoke test against the running stack' },
  run: () => orExplain(async () => runSmoke(loadConfig())),
})

/** @throws {Error} nothing runs that could be tested, or it failed; what failed stands above */
export async function runSmoke({ checkout, home, port, paths }: Config): Promise<void> {
  await readStatus(socketPath(paths.run, 'supervisor.sock')).catch((err: unknown) => {
    if (!(err instanceof NotRunning)) throw err
    throw new Error('The stack is not running. Start it with ./deploy-local.sh', { cause: err })
  })
  const { status } = spawnSync('bash', [join(checkout, 'smoke', 'run.sh')], {
    cwd: checkout,
    stdio: 'inherit',
    env: { ...environment(), OCTAVO_HOME: home, OCTAVO_PORT: String(port) } as NodeJS.ProcessEnv,
  })
  if (status !== 0) throw new Error('The smoke test failed; the stack is left running.')
}
