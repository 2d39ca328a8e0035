import { expect, test } from 'vitest'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

test('a created user is answered with its place and found there', async () => {
  const { post, get } = await setup(createApp)
  const created = await post('/v1/users', {
    email: 'Ada@Example.org',
    display_name: 'Ada',
    role: 'editor',
  })
  expect(created.status).toBe(201)
  const user = await created.json()
  expect(user).toMatchObject({ email: 'ada@example.org', role: 'editor', version: 1 })
  const found = await get(created.headers.get('location') ?? '')
  expect(await found.json()).toEqual(user)
})
