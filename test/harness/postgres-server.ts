import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import postgres from 'postgres'
import { startPostgres } from '../../local-runtime/services/postgres.ts'
import { removeDeadFolders, temporaryFolder } from './temporary-folder.ts'

export type TestPostgres = { url: string; stop(): Promise<void> }

// Two runs on one machine may draw the same port; the next draw will not.
const startsMax = 5

/**
 * Starts the embedded Postgres on a folder of its own in the temporary folder, as production does but
 * without durability: the data lives as long as one run, and commits are most of a test's time.
 * @returns the URL of `app_user`, who is no superuser and may create databases
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  await removeDeadFolders()
  const home = await temporaryFolder()
  const removeHome = () => rm(home, { recursive: true, force: true })
  try {
    const server = await startOnFreePort(home)
    const admin = withPassword(server.superuserUrl, server.superuserPassword.reveal())
    await allowCreatingDatabases(admin)
    return {
      url: withPassword(server.url, server.password.reveal()),
      stop: async () => {
        await server.stop()
        await removeHome()
      },
    }
  } catch (err) {
    await removeHome()
    throw err
  }
}

async function startOnFreePort(home: string) {
  for (let start = 1; ; start += 1) {
    try {
      return await startPostgres({ home, port: randomInt(12_000, 29_000), isDurable: false })
    } catch (err) {
      if (start === startsMax) throw err
    }
  }
}

async function allowCreatingDatabases(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql`alter role app_user createdb`
  await sql.end({ timeout: 1 })
}

function withPassword(url: string, password: string): string {
  const changed = new URL(url)
  changed.password = password
  return changed.href
}
