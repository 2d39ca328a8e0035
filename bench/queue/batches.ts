export type Batches = { enqueueBatch: number; enqueueLanes: number }

/** Splits the jobs 0 to `count - 1` into batches, and hands them to so many senders at once. */
export async function inBatches(
  count: number,
  { enqueueBatch, enqueueLanes }: Batches,
  send: (numbers: number[]) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const lane = async () => {
    while (next < count) {
      const first = next
      next = Math.min(count, first + enqueueBatch)
      await send(Array.from({ length: next - first }, (_, index) => first + index))
    }
  }
  await Promise.all(Array.from({ length: enqueueLanes }, lane))
}
