import fc from 'fast-check'
import { expect, test } from 'vitest'
import { patchedEntry } from '../bench/driver-copies.ts'

type Queue = {
  readonly length: number
  push(value: number): number
  shift(): number | undefined
  remove(value: number): number | null
}

const { default: createQueue } = (await import(new URL('./queue.js', patchedEntry).href)) as {
  default: () => Queue
}

const operation = fc.oneof(
  { weight: 5, arbitrary: fc.constant('push' as const) },
  { weight: 4, arbitrary: fc.constant('shift' as const) },
  { weight: 1, arbitrary: fc.nat({ max: 400 }).map((value) => ({ remove: value })) },
)

// The order of a request's statements hangs on this queue, and the patch rewrites how it forgets what has left.
test('the queue that compacts itself gives what a plain list gives, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 1_000, size: 'max' }), (operations) => {
      const queue = createQueue()
      const list: number[] = []
      for (const [value, each] of operations.entries()) {
        if (each === 'push') {
          queue.push(value)
          list.push(value)
        } else if (each === 'shift') {
          if (list.length > 0) expect(queue.shift()).toBe(list.shift())
        } else {
          const at = list.indexOf(each.remove)
          expect(queue.remove(each.remove)).toBe(at === -1 ? null : each.remove)
          if (at !== -1) list.splice(at, 1)
        }
        expect(queue.length).toBe(list.length)
      }
    }),
    { numRuns: 50 },
  )
})
