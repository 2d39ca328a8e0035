import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/*
 * Runs benchmarks, each in a process of its own. `npm run bench` runs the standard ones, `npm run bench <name>` one;
 * options behind `--` are its own.
 * Figures are for this machine and this moment; what counts are the ratios inside one run.
 */
const standard = ['isolate', 'driver-cost']
const words = process.argv.slice(2)
const optionsAt = words.findIndex((word) => word.startsWith('-'))
const asked = optionsAt < 0 ? words : words.slice(0, optionsAt)
const options = optionsAt < 0 ? [] : words.slice(optionsAt)

for (const name of asked.length > 0 ? asked : standard) {
  const script = `bench/${name}.ts`
  if (!existsSync(script)) {
    console.error(`There is no benchmark "${name}".`)
    process.exit(1)
  }
  console.log(`\n# ${name}`)
  const { status } = spawnSync(process.execPath, [script, ...options], { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
