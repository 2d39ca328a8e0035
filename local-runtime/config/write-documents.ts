import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configurationTable, envExample } from './documents.ts'

// Run by `npm run docs:config`.
const checkout = join(import.meta.dirname, '..', '..')
writeFileSync(join(checkout, '.env.example'), envExample())
writeFileSync(join(checkout, 'docs', 'configuration.md'), configurationTable())
