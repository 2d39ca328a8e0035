import { type SQL, sql } from 'drizzle-orm'

/** A row as the driver hands it over under Drizzle: times are text. */
export type Raw<T> = {
  [K in keyof T]: Date extends T[K] ? Exclude<T[K], Date> | string : T[K]
}
export const time = (value: string): Date => new Date(value)
export const moment = (value: string | null): Date | null =>
  value === null ? null : new Date(value)

/** A condition on a column; a tenant that is `null` stands for all. */
export const ofTenant = (column: SQL, tenantId: string | null): SQL =>
  sql`(${tenantId}::uuid is null or ${column} = ${tenantId}::uuid)`
