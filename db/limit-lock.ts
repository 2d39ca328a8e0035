import { sql } from 'drizzle-orm'
import type { Tx } from './client.ts'

/**
 * Waits for the claims that are under way and holds up new ones until this transaction ends. To be called before a limit
 * is set, by the table that all of them read: a claim that has not yet seen it might be committed after the first that counts what runs. A reader who
 * stays for long, as a backup does, is not waited for.
 * @throws 55P03, which is an outage: try again
 */
export async function holdClaims(tx: Tx): Promise<void> {
  await tx.execute(sql`select set_config('lock_timeout', '1000', true)`)
  await tx.execute(sql`lock table job_kinds in access exclusive mode`)
}
