import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import * as schema from '../../db/schema/index.ts'

/** Every table whose rows belong to a tenant. */
export const tenantTables: ReadonlySet<string> = new Set(
  Object.values(schema)
    .filter((value) => is(value, PgTable))
    .filter((table) => 'tenantId' in getTableColumns(table))
    .map((table) => getTableName(table)),
)

// The statements of db/system.ts name themselves; the architecture test counts the names.
const systemMark = /^\s*\/\* system: [a-z-]+ \*\//
const reference = /\b(?:from|join|update|into|using|only|copy)\s+(?:"?public"?\.)?"?([a-z_]+)"?/gi
const comparison =
  /tenant_id"?\s*(?:=|in\s*\()\s*(?:(?:"?\w+"?\.)*"?tenant_id"?)?|=\s*(?:"?\w+"?\.)*"?tenant_id"?/gi
const rowComparison = /\([^()]*\btenant_id\b[^()]*\)\s*(?:=|<|>|in\b)/gi
const joinColumns = /\busing\s*\([^()]*\btenant_id\b[^()]*\)/gi
const insertColumns =
  /\b(?:into|copy)\s+(?:"?public"?\.)?"?[a-z_]+"?\s*\([^()]*\btenant_id\b[^()]*\)/gi

const seen = new Set<string>()

/** Takes the text of one statement that the suite sent. */
export function recordStatement(text: string): void {
  seen.add(text)
}

/**
 * Does each tenant table of the statement come with a comparison (or a written column) of its tenant?
 * A count, not a parser: it errs towards refusing, and a statement it cannot follow can be written plainer.
 */
export function carriesTenant(text: string): boolean {
  if (systemMark.test(text)) return true
  const tables = [...text.matchAll(reference)].filter(([, name]) => tenantTables.has(name ?? ''))
  const carried = [comparison, rowComparison, joinColumns, insertColumns]
    .map((pattern) => [...text.matchAll(pattern)].length)
    .reduce((sum, count) => sum + count, 0)
  return carried >= tables.length
}

/** @throws {Error} this file sent a statement that touches a tenant table without its tenant */
export function checkStatements(): void {
  const faulty = [...seen].filter((text) => !carriesTenant(text))
  seen.clear()
  if (faulty.length > 0) {
    throw new Error(`statements on tenant tables without the tenant:\n${faulty.join('\n')}`)
  }
}
