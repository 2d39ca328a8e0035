import { defineCommand } from 'citty'
import { describeConfig } from '../config/description.ts'
import { loadConfig } from '../config.ts'
import { orExplain } from './terminal.ts'

const show = defineCommand({
  meta: { name: 'show', description: 'Every setting, its value and source; secrets are masked' },
  run: () => orExplain(async () => console.log(describeConfig(loadConfig()))),
})

export const config = defineCommand({
  meta: { name: 'config', description: 'The configuration' },
  subCommands: { show },
})
