import { writeFile } from 'node:fs/promises'
import { openApiText } from './openapi.ts'

// Run by `npm run docs:openapi`; `npm run check` names another file and compares.
const [path = 'docs/openapi.json'] = process.argv.slice(2)
await writeFile(path, await openApiText())
