import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, environment } from '../config.ts'

/**
 * Runs every script of `smoke/` in its order against the running stack.
 * @throws {Error} names the script that failed
 */
export async function runSmoke(config: Config): Promise<void> {
  const folder = join(config.checkout, 'smoke')
  const scripts = readdirSync(folder)
    .filter((name) => /^\d.*\.sh$/.test(name))
    .sort()
  for (const name of scripts) {
    const { status } = spawnSync('bash', [join(folder, name)], {
      cwd: config.checkout,
      stdio: 'inherit',
      env: smokeEnvironment(config) as NodeJS.ProcessEnv,
    })
    if (status !== 0) throw new Error(`The smoke test ${name} failed.`)
  }
}

function smokeEnvironment({ home, port, baseUrl, paths }: Config) {
  return {
    ...environment(),
    OCTAVO_HOME: home,
    OCTAVO_PORT: String(port),
    BASE_URL: baseUrl,
    ADMIN_KEY_FILE: paths.adminKey,
  }
}
