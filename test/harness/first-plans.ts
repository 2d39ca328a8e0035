import { type Database, openDatabase } from '../../db/client.ts'
import { createTestDatabase, onFileEnd } from './database.ts'

/**
 * An empty database behind one connection, until the file's end. Statements that ran six times while its tables were empty
 * keep the plans of then, as they do on a tenant's first day.
 */
export async function openFirstPlans(): Promise<Database> {
  const { url } = await createTestDatabase()
  const database = openDatabase({
    ...{ url, poolMax: 1, prepare: true, applicationName: 'octavo-first-plans' },
    ...{ statementTimeoutMs: 60_000, connectTimeoutMs: 5_000 },
  })
  onFileEnd(() => database.close())
  return database
}
