import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/*
 * Runs benchmarks, each in a process of its own. `npm run bench` runs the standard ones, `npm run bench <name>` one.
 * Figures are for this machine and this moment; what counts are the ratios inside one run.
 */
const standard = ['isolate', 'driver-cost']
const asked = process.argv.slice(2)

for (const name of asked.length > 0 ? asked : standard) {
  const script = `bench/${name}.ts`
  if (!existsSync(script)) {
    console.error(`There is no benchmark "${name}".`)
    process.exit(1)
  }
  console.log(`\n# ${name}`)
  const { status } = spawnSync(process.execPath, [script], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
