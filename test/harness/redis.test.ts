import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startTestRedis, testRedis } from './redis.ts'

test('a file has one Redis that keeps what it is told, and any number more', async () => {
  const redis = await testRedis()
  expect(await testRedis()).toBe(redis)
  const client = new Redis(redis.url, { password: redis.password.reveal() })
  expect(await client.set('a', '1')).toBe('OK')
  expect(await client.get('a')).toBe('1')
  await client.quit()
  const second = await startTestRedis()
  expect(second.url).not.toBe(redis.url)
})
