import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseAst } from 'vitest/node'

/** A node of the syntax tree, as far as the rules look at it. */
export type SyntaxNode = { type: string; start: number; end: number; [field: string]: unknown }

export type ImportedFrom = {
  /** A path from the checkout's root, or the name of a package or `node:` module. */
  target: string
  isRelative: boolean
  isTypeOnly: boolean
}

export type Source = {
  path: string
  text: string
  syntax: SyntaxNode
  imports: readonly ImportedFrom[]
}

const notOurs = ['node_modules', '.local', '.cache', '.git', 'dist', 'coverage']

/** Files of the checkout by their ending, without what is installed or generated. */
export function filesEndingIn(...endings: string[]): string[] {
  const pattern = `**/*.{${endings.join(',')},}`
  return globSync(pattern, { exclude: (name) => notOurs.includes(name) })
    .filter((path) => endings.some((ending) => path.endsWith(`.${ending}`)))
    .sort()
}

/** Every TypeScript file of the checkout, parsed once. */
export function readSources(): Source[] {
  return filesEndingIn('ts')
    .filter((path) => !path.endsWith('.d.ts'))
    .map((path) => sourceOf(path, readFileSync(path, 'utf8')))
}

/** One file's text, parsed. */
export function sourceOf(path: string, text: string): Source {
  const syntax = parseAst(text, { lang: 'ts' }, path) as unknown as SyntaxNode
  return { path, text, syntax, imports: importsOf(path, syntax) }
}

export const isTest = (path: string): boolean =>
  path.startsWith('test/') || /\.(test|long|bench)\.ts$/.test(path)

/** Calls `visit` for every node; returning `false` leaves out what lies below it. */
export function walk(node: unknown, visit: (node: SyntaxNode) => boolean | undefined): void {
  if (Array.isArray(node)) {
    for (const item of node) walk(item, visit)
    return
  }
  if (!isNode(node) || visit(node) === false) return
  for (const value of Object.values(node)) {
    if (typeof value === 'object' && value !== null) walk(value, visit)
  }
}

export const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function importsOf(path: string, syntax: SyntaxNode): ImportedFrom[] {
  const found: ImportedFrom[] = []
  walk(syntax, (node) => {
    const source = node.source
    if (!isNode(source) || typeof source.value !== 'string') return
    const isRelative = source.value.startsWith('.')
    const target = isRelative ? normalize(join(dirname(path), source.value)) : source.value
    found.push({ target, isRelative, isTypeOnly: isTypeOnly(node) })
    return undefined
  })
  return found
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.importKind === 'type' || node.exportKind === 'type') return true
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers.filter(isNode) : []
  return (
    specifiers.length > 0 &&
    specifiers.every((one) => one.importKind === 'type' || one.exportKind === 'type')
  )
}
