import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { type Config, environment, loadConfig } from '../config.ts'
import { orExplain } from './terminal.ts'

export const smoke = defineCommand({
  meta: { name: 'smoke', description: 'Run the smoke test against the running stack' },
  run: () => orExplain(async () => runSmoke(loadConfig())),
})

/** @throws {Error} it failed; what failed stands above */
export function runSmoke({ checkout, home, port }: Config): void {
  const { status } = spawnSync('bash', [join(checkout, 'smoke', 'run.sh')], {
    cwd: checkout,
    stdio: 'inherit',
    env: { ...environment(), OCTAVO_HOME: home, OCTAVO_PORT: String(port) } as NodeJS.ProcessEnv,
  })
  if (status !== 0) throw new Error('The smoke test failed; the stack is left running.')
}
