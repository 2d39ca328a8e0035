import { defineCommand } from 'citty'
import { cancel, retry } from './jobs-change.ts'
import { counts } from './jobs-counts.ts'
import { limit } from './jobs-limit.ts'
import { jobsListArgs, list } from './jobs-list.ts'
import { show } from './jobs-show.ts'
import { watch } from './jobs-watch.ts'

export const jobs = defineCommand({
  meta: { name: 'jobs', description: 'Show jobs, watch them, queue them again, limit them' },
  args: jobsListArgs, // those of `list`, which is meant where no command is named
  default: 'list',
  subCommands: { list, show, retry, cancel, counts, watch, limit },
})
