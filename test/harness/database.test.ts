import postgres from 'postgres'
import { expect, test } from 'vitest'
import { createTestDatabase, dropTestDatabases, testDatabase } from './database.ts'

test('every file gets one database of its own and any number more', async () => {
  const first = await testDatabase()
  expect(await testDatabase()).toEqual(first)
  expect((await createTestDatabase()).name).not.toBe(first.name)
})

test('a connection that a test leaves open fails its file', async () => {
  const { url } = await createTestDatabase()
  const forgotten = postgres(url, { max: 1, connection: { application_name: 'forgotten' } })
  await forgotten`select 1`
  await expect(dropTestDatabases(50)).rejects.toThrow(/forgotten/)
  await forgotten.end({ timeout: 1 }).catch(() => {})
})
