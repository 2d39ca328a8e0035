import journal from '../drizzle/meta/_journal.json' with { type: 'json' }

/** The migration that this code needs, as drizzle-kit's journal names it; bundled with whoever imports it. */
export const newestMigration: { name: string; createdAtMs: number } = journal.entries.reduce(
  (newest, { tag, when }) =>
    when > newest.createdAtMs ? { name: tag, createdAtMs: when } : newest,
  { name: 'none', createdAtMs: 0 },
)
