import { type SQL, sql } from 'drizzle-orm'

/** Values of an enumeration as SQL, for a check: `'a', 'b'`. */
export const listed = (values: readonly string[]): SQL =>
  sql.raw(values.map((value) => `'${value}'`).join(', '))
