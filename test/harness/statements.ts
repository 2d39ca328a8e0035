import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import * as schema from '../../db/schema/index.ts'
import { systemStatements } from './system-statements.ts'

/** Every table whose rows belong to a tenant. */
export const tenantTables: ReadonlySet<string> = new Set(
  Object.values(schema)
    .filter((value) => is(value, PgTable))
    .filter((table) => 'tenantId' in getTableColumns(table))
    .map((table) => getTableName(table)),
)

const name = String.raw`(?:"?\w+"?\.)*`
const value = String.raw`(?:any\s*\()?\s*(?:\$\d+|\?)`
const column = `${name}"?tenant_id"?`
const matches = (text: string, pattern: string) => [...text.matchAll(new RegExp(pattern, 'gi'))]

const reference = String.raw`\b(?:from|join|update|into|using|only|copy|,)\s+(?:"?public"?\.)?"?([a-z_]+)\b(?!"?\.)`

// Ways to carry the tenant: compared with a value, with another column, row by row, joined by, written.
const comparedWithValue = String.raw`${column}\s*(?:=|in\s*\()\s*${value}|${value}\s*\)?\s*=\s*${column}`
const comparedWithColumn = String.raw`${column}\s*=\s*${name}"?\w+"?|=\s*${column}`
const comparedInRow = String.raw`\([^()]*\b${column}[^()]*\)\s*(?:=|<|>|in\b)`
const comparedWithRow = String.raw`${comparedInRow}\s*\(+\s*(?:\$\d+|\?)`
const joinedBy = String.raw`\busing\s*\([^()]*\btenant_id\b[^()]*\)`
const written = String.raw`\b(?:into|copy)\s+(?:"?public"?\.)?"?[a-z_]+"?\s*\([^()]*\btenant_id\b[^()]*\)`
// A common table expression or sub-select may bring the value in under its name.
const named = String.raw`(?:\$\d+|\?)(?:::uuid)?\s+as\s+"?tenant_id"?|"tenants"\."id"\s*=\s*(?:\$\d+|\?)`
// An array of tenants, one for each row: the caller names the tenant of each.
const listed = String.raw`\bunnest\s*\(\s*(?:\$\d+|\?)[^()]*\)\s*(?:with ordinality\s+)?(?:as\s+)?\w+\s*\(\s*tenant_id\b`

/**
 * Does each tenant table of the statement come with its tenant, and does one of them get it from outside?
 * It counts and does not parse: it errs towards refusing, and what it cannot follow can be written plainer.
 */
export function carriesTenant(text: string): boolean {
  const tables = matches(text, reference).filter(([, table]) => tenantTables.has(table ?? ''))
  if (tables.length === 0) return true
  const anchors = [comparedWithValue, comparedWithRow, written, named, listed]
  const isAnchored = anchors.some((pattern) => matches(text, pattern).length > 0)
  const carried = [`${comparedWithValue}|${comparedWithColumn}`, comparedInRow, joinedBy, written]
    .map((pattern) => matches(text, pattern).length)
    .reduce((sum, count) => sum + count, 0)
  return isAnchored && carried >= tables.length
}

const seen = new Set<string>()

/** Takes the text of one statement that the suite sent. */
export function recordStatement(text: string): void {
  seen.add(text)
}

/** @throws {Error} this file sent a statement that touches a tenant table without its tenant */
export async function checkStatements(): Promise<void> {
  const system = await systemStatements()
  const faulty = [...seen].filter((text) => !carriesTenant(text) && !system.has(text))
  seen.clear()
  if (faulty.length > 0) {
    throw new Error(`statements on tenant tables without the tenant:\n${faulty.join('\n')}`)
  }
}
