import { defineCommand } from 'citty'
import { loadConfig } from '../config.ts'
import { buildForOtherHosts } from './build-dist.ts'

export const build = defineCommand({
  meta: { name: 'build', description: 'Build each function to one file in dist/, for other hosts' },
  async run() {
    const config = loadConfig()
    const files = await buildForOtherHosts(config.checkout)
    for (const { path, bytes } of files) console.log(`${path}  ${Math.round(bytes / 1024)} KiB`)
  },
})
