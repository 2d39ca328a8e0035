import { defineCommand } from 'citty'
import { auditListArgs, list } from './audit-list.ts'
import { verify } from './audit-verify.ts'

export const audit = defineCommand({
  meta: { name: 'audit', description: 'Show what was done, and check that nobody altered it' },
  args: auditListArgs, // those of `list`, which is meant where no command is named
  default: 'list',
  subCommands: { list, verify },
})
