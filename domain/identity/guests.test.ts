import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { newKey } from '../../functions/_shared/access/keys.ts'
import { createWidgets } from '../../functions/_shared/http/widgets.fixture.ts'
import { setup } from '../../test/harness/setup.ts'
import { insertGuest } from './guests.ts'

async function setupGuest() {
  const bench = await setup(createWidgets())
  const id = uuidv7()
  const { text, secretSha256 } = await newKey(id)
  const expiresAt = new Date(bench.clock.now().getTime() + 60_000)
  const key = { id, name: 'invite', secretSha256, expiresAt }
  const guest = { tenantId: bench.tenant.id, displayName: 'Grace', email: 'Grace@Example.org', key }
  const made = await bench.db.transaction((tx) => insertGuest(tx, guest, bench.clock.now()))
  const call = () => bench.get('/me', { headers: { authorization: `Bearer ${text}` } })
  return { ...bench, ...made, call }
}

test('a guest comes in with a key of their own, of the role guest', async () => {
  const { call, user, key } = await setupGuest()
  expect(user).toMatchObject({ role: 'guest', email: 'grace@example.org', displayName: 'Grace' })
  expect(key).toMatchObject({ role: 'guest', userId: user.id, createdByUserId: user.id })
  expect((await call()).status).toBe(200)
})

test('the key of a guest ends at its time', async () => {
  const { call, clock } = await setupGuest()
  clock.advance(60_000)
  expect((await call()).status).toBe(401)
})
