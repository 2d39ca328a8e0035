/** The wish when it is a whole number that nothing has yet, else the next free one. */
export function claimNumber(taken: Set<number>, wish: unknown): number {
  let number = isNumberFree(taken, wish) ? wish : taken.size + 1
  while (taken.has(number)) number++
  taken.add(number)
  return number
}

function isNumberFree(taken: Set<number>, wish: unknown): wish is number {
  return Number.isSafeInteger(wish) && Number(wish) >= 0 && !taken.has(Number(wish))
}
