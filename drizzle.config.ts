import { defineConfig } from 'drizzle-kit'

// drizzle-kit reads this file alone, as CommonJS: it must stay free of top-level await and of our
// configuration, so that `drizzle-kit migrate` works as its manual says with nothing but DATABASE_URL.
export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/index.ts',
  out: './drizzle',
  breakpoints: true,
  strict: true,
  verbose: true,
  migrations: { schema: 'drizzle', table: '__drizzle_migrations' },
  dbCredentials: {
    url: process.env.DATABASE_URL ?? 'postgres://app_user@127.0.0.1:9080/app_db',
  },
})
