import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../db/migrate.ts'
import { ensurePrograms, redisPackage } from '../../local-runtime/services/debian-packages.ts'
import { startTestPostgres } from './postgres-server.ts'
import { servicesDir } from './services-folder.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of a role that may create databases. */
    adminUrl: string
    /** Name of the database that holds all migrations and no rows. */
    template: string
  }
}

/** One server for the whole run: `DATABASE_URL`, or the embedded one. One template with every migration. */
export default async function globalSetup({ provide }: TestProject): Promise<() => Promise<void>> {
  const given = process.env.DATABASE_URL
  const [server] = await Promise.all([
    given ? { url: given, stop: async () => {} } : startTestPostgres(),
    // Unpacked before any test waits for it. Without a network this fails in silence: most files need no
    // Redis, and one that asks for it says what is missing.
    ensurePrograms(servicesDir, [redisPackage]).catch(() => {}),
  ])
  const template = `octavo_template_${process.pid}`
  const admin = postgres(server.url, { max: 1, onnotice: () => {} })
  const end = async () => {
    await admin.unsafe(`drop database if exists ${template} with (force)`)
    await admin.end({ timeout: 1 })
    await server.stop()
  }
  try {
    await admin.unsafe(`drop database if exists ${template}`)
    await admin.unsafe(`create database ${template} template template0`)
    await migrate({ url: withDatabase(server.url, template), log: () => {} })
  } catch (err) {
    await end()
    throw err
  }
  provide('adminUrl', server.url)
  provide('template', template)
  return end
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
