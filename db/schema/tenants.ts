import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  integer,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

/** The wall between customers. The only table whose key is not led by `tenant_id`: it *is* the tenant. */
export const tenants = pgTable(
  'tenants',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    isOperator: boolean('is_operator').notNull().default(false),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('tenants_name_is_unique').on(t.name), // `octavo tenants create` looks a name up
    // At most one row may be the operator's, whatever two first starts at once do.
    uniqueIndex('tenants_operator_is_single').on(t.isOperator).where(sql`is_operator`),
    check('tenants_name_length', sql`char_length(${t.name}) between 1 and 120`),
  ],
)
