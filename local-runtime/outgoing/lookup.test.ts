import { expect, test } from 'vitest'
import { resolveWith } from './lookup.ts'

const none = () => Promise.reject(Object.assign(new Error('none'), { code: 'ENODATA' }))
const all =
  (...addresses: string[]) =>
  async () =>
    addresses

test('a name has the addresses of both families, the older one first', async () => {
  const resolve = resolveWith({ resolve4: all('1.1.1.1'), resolve6: all('2606::1') } as never)
  expect(await resolve('example.com')).toEqual([
    { address: '1.1.1.1', family: 4 },
    { address: '2606::1', family: 6 },
  ])
})

test('one family is enough, and none is an error', async () => {
  const one = resolveWith({ resolve4: none, resolve6: all('2606::1') } as never)
  expect(await one('example.com')).toEqual([{ address: '2606::1', family: 6 }])
  const neither = resolveWith({ resolve4: none, resolve6: none } as never)
  await expect(neither('example.com')).rejects.toMatchObject({ code: 'ENODATA' })
})
