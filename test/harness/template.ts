import { existsSync } from 'node:fs'

const runner = new URL('../../db/migrate.ts', import.meta.url)

/** Brings a new database to the newest migration, with the runner that production uses. */
export async function migrateTemplate(url: string): Promise<void> {
  if (!existsSync(runner)) return
  const { migrate } = await import(runner.href)
  await migrate({ url, log: () => {} })
}
