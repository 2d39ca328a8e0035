/** Gives numbers, none twice. */
export class FreeNumbers {
  private readonly taken = new Set<number>()
  private next = 1

  /** The wish when it is a whole number that nothing has yet, else the lowest free one from 1. */
  claim(wish: unknown): number {
    const isFree = Number.isSafeInteger(wish) && Number(wish) >= 0 && !this.taken.has(Number(wish))
    while (!isFree && this.taken.has(this.next)) this.next++
    const number = isFree ? Number(wish) : this.next
    this.taken.add(number)
    return number
  }
}
