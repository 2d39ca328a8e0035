import { existsSync } from 'node:fs'
import { defineConfig } from 'drizzle-kit'
import { loadConfig } from './local-runtime/config.ts'

// drizzle-kit loads this file and what it imports as CommonJS: no top-level await in any of it.
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/index.ts',
  out: './drizzle',
  breakpoints: true,
  strict: true,
  verbose: true,
  migrations: { schema: 'drizzle', table: '__drizzle_migrations' },
  dbCredentials: {
    url: configuredDatabase(),
  },
})

/** `DATABASE_URL`, or the database of this checkout's own stack; with its password, from wherever that comes. */
function configuredDatabase(): string {
  const { url, password } = loadConfig().database
  const address = new URL(url)
  // A generated password comes with the first start; `drizzle-kit generate` needs neither it nor a database.
  const isThere = password !== null && (password.file === null || existsSync(password.file))
  if (isThere) address.password = encodeURIComponent(password.reveal())
  return address.href
}
