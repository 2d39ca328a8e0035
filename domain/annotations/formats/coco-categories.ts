import { isObject } from './entry.ts'
import { FreeNumbers } from './free-numbers.ts'
import type { JsonObject } from './model.ts'

/** Categories can be written again only with a number and a name each, and no number twice. */
export function areCategories(value: unknown): value is JsonObject[] {
  if (!Array.isArray(value)) return false
  const isCategory = (item: unknown) =>
    isObject(item) && Number.isSafeInteger(item.id) && typeof item.name === 'string'
  return value.every(isCategory) && new Set(value.map(({ id }) => id)).size === value.length
}

/** The categories of a file: those it came with, then one for each new label name. */
export class CocoCategories {
  readonly all: JsonObject[]
  private readonly idOf = new Map<string, number>()
  private readonly nameOf = new Map<unknown, unknown>()
  private readonly numbers = new FreeNumbers()

  constructor(given: readonly JsonObject[]) {
    this.all = [...given]
    for (const { id, name } of given) {
      this.numbers.claim(id)
      this.add(String(name), Number(id))
    }
  }

  /** @param wish the category a foreign annotation had; it is kept while the label has its name */
  numberOf(labelName: string, wish: unknown): number {
    if (this.nameOf.get(wish) === labelName) return Number(wish)
    const known = this.idOf.get(labelName)
    if (known !== undefined) return known
    const id = this.numbers.claim(undefined)
    this.all.push({ id, name: labelName, supercategory: '' })
    this.add(labelName, id)
    return id
  }

  private add(name: string, id: number): void {
    if (!this.idOf.has(name)) this.idOf.set(name, id)
    this.nameOf.set(id, name)
  }
}
