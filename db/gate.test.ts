import { expect, test } from 'vitest'
import { createGate } from './gate.ts'

const gateOf = (options = {}) =>
  createGate({ places: 1, waitMsMax: 10_000, waitingMax: 2, ...options })

test('the next in line enters when somebody leaves, in order', async () => {
  const gate = gateOf()
  const leave = await gate.enter()
  const order: string[] = []
  const first = gate.enter().then((leaveFirst) => {
    order.push('first')
    leaveFirst()
  })
  const second = gate.enter().then(() => order.push('second'))
  expect(order).toEqual([])
  leave()
  await Promise.all([first, second])
  expect(order).toEqual(['first', 'second'])
})

test('leaving twice does not make a second place', async () => {
  const gate = gateOf({ waitMsMax: 20 })
  const leave = await gate.enter()
  leave()
  leave()
  await gate.enter()
  await expect(gate.enter()).rejects.toMatchObject({ code: 'POOL_WAIT' })
})

test('who waited too long is told so and takes no place later', async () => {
  const gate = gateOf({ waitMsMax: 20 })
  const leave = await gate.enter()
  await expect(gate.enter()).rejects.toMatchObject({ code: 'POOL_WAIT' })
  leave()
  await expect(gate.enter()).resolves.toBeTypeOf('function')
})

test('a full line refuses at once', async () => {
  const gate = gateOf()
  const leave = await gate.enter()
  const waiting = [gate.enter(), gate.enter()]
  await expect(gate.enter()).rejects.toMatchObject({ code: 'POOL_FULL' })
  leave()
  ;(await waiting[0])?.()
  await waiting[1]
})
