import { expect, test } from 'vitest'
import { StreamPlaces } from './stream-places.ts'

const callOf = (keyId: string) => ({
  identity: { tenantId: 't', userId: 'u', keyId, role: 'viewer' as const, isOperator: false },
})

function newPlaces(bounds: { max: number; perKeyMax: number }) {
  const places = new StreamPlaces(bounds)
  return (keyId: string) => {
    places.refuseWhenFull(callOf(keyId), 'Poll.')
    return places.take(callOf(keyId))
  }
}

test('one key cannot take the places of all others', () => {
  const open = newPlaces({ max: 4, perKeyMax: 2 })
  open('greedy')
  const giveBack = open('greedy')
  expect(() => open('greedy')).toThrow(expect.objectContaining({ code: 'rate_limited' }))
  open('other')
  giveBack()
  open('greedy')
})

test('all places together are bounded, and come back', () => {
  const open = newPlaces({ max: 2, perKeyMax: 2 })
  open('a')
  const giveBack = open('b')
  expect(() => open('c')).toThrow(expect.objectContaining({ code: 'unavailable', hint: 'Poll.' }))
  giveBack()
  open('c')
})
