import { readdir, readFile } from 'node:fs/promises'
import postgres from 'postgres'

const folder = new URL('../../drizzle/', import.meta.url)

/** Brings a new database to the newest migration. */
export async function migrateTemplate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
    for (const name of files) {
      await sql.unsafe(await readFile(new URL(name, folder), 'utf8'))
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}
