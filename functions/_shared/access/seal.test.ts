import { expect, test } from 'vitest'
import { seal, unseal } from './seal.ts'

const secret = new Uint8Array(32).fill(1)

test('a sealed text is opened by its secret alone, and only unaltered', async () => {
  const sealed = await seal(secret, 'öffne dich')
  expect(await unseal(secret, sealed)).toBe('öffne dich')
  await expect(unseal(new Uint8Array(32).fill(2), sealed)).rejects.toThrow()
  const altered = sealed.with(-1, (sealed.at(-1) ?? 0) ^ 1)
  await expect(unseal(secret, altered)).rejects.toThrow()
})

test('the same text is never sealed the same twice, and does not show', async () => {
  const [first, second] = await Promise.all([seal(secret, 'sesame'), seal(secret, 'sesame')])
  expect(Buffer.from(first).equals(Buffer.from(second))).toBe(false)
  expect(Buffer.from(first).includes('sesame')).toBe(false)
})
