import { expect, test } from 'vitest'
import { roles } from '../../../db/schema/users.ts'
import { hashSecret, newKey, parseKey } from './keys.ts'
import { admittedRoles, effectiveRole, includesRights, isAdmitted } from './roles.ts'

const keyId = '0199a1c2-77aa-7aaa-8aaa-000000000001'

test('a new key names its row and proves its secret', async () => {
  const { text, secretSha256 } = await newKey(keyId)
  const parsed = parseKey(text)
  expect(parsed?.keyId).toBe(keyId)
  expect(await hashSecret(parsed?.secret ?? '')).toEqual(secretSha256)
})

test('two keys never share a secret', async () => {
  const [first, second] = await Promise.all([newKey(keyId), newKey(keyId)])
  expect(first.text).not.toBe(second.text)
})

test.each([
  '',
  'oct_',
  'oct_1_2',
  `oct_${'a'.repeat(32)}_${'g'.repeat(64)}`,
  `x${'a'.repeat(101)}`,
])('the text %j is no key', (text) => {
  expect(parseKey(text)).toBeNull()
})

test('a ladder role admits the roles above it and nothing beside the ladder', () => {
  expect(admittedRoles('viewer')).toEqual(['viewer', 'editor', 'admin'])
  expect(admittedRoles(['editor', 'ingest'])).toEqual(['editor', 'admin', 'ingest'])
})

test("the operator's routes admit only admins of the operator's tenant", () => {
  expect(isAdmitted('operator', 'admin', true)).toBe(true)
  expect(isAdmitted('operator', 'admin', false)).toBe(false)
  expect(isAdmitted('operator', 'editor', true)).toBe(false)
})

test('the role in effect has never more rights than the key or its user', () => {
  for (const key of roles)
    for (const user of roles) {
      const effective = effectiveRole(key, user)
      if (effective === null) continue
      expect(includesRights(key, effective) && includesRights(user, effective)).toBe(true)
    }
  expect(effectiveRole('admin', 'viewer')).toBe('viewer')
  expect(effectiveRole('ingest', 'viewer')).toBeNull()
  expect(effectiveRole('admin', 'admin', 'editor')).toBe('editor')
  expect(effectiveRole('worker', 'admin', 'viewer')).toBeNull()
})
