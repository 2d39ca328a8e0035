import { isNode, type Source, type SyntaxNode, walk } from './sources.ts'

const functionTypes = ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']
const hostGlobals = ['process', 'Buffer', 'require', '__dirname', '__filename', 'setImmediate']
const effects =
  /^(setTimeout|setInterval|queueMicrotask|fetch|crypto\.\w+|Math\.random|Date\.now|performance\.now|uuidv[47])$/

/** Packages that run on web standards alone, so that every host can load them. */
export const webPackages = [
  'hono',
  'zod',
  'drizzle-orm',
  'croner',
  'uuidv7',
  'lru-cache',
  'fflate',
  '@remix-run/multipart-parser',
  'yaml',
  'ical-generator',
  'saxes',
]

export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

/** What a file uses that only Node has, said for a reader: `node:fs`, `process`, ... */
export function hostUses(source: Source): string[] {
  const imported = source.imports
    .filter(({ isRelative, isTypeOnly }) => !isRelative && !isTypeOnly)
    .map(({ target }) => target)
    .filter((target) => !webPackages.includes(packageOf(target)))
  return [...imported, ...globalsUsed(source.syntax)]
}

function globalsUsed(syntax: SyntaxNode): string[] {
  const used = new Set<string>()
  walk(syntax, (node) => {
    const object = node.type === 'MemberExpression' ? node.object : node.callee
    const name = isNode(object) && object.type === 'Identifier' ? object.name : null
    if (typeof name === 'string' && hostGlobals.includes(name)) used.add(name)
    return undefined
  })
  return [...used]
}

/** Timers, randomness, clock and I/O that run when the module is loaded. */
export function moduleScopeEffects(source: Source): string[] {
  const found: string[] = []
  walk(source.syntax, (node) => {
    if (functionTypes.includes(node.type)) return false
    if (node.type === 'CallExpression' && isNode(node.callee)) {
      const callee = source.text.slice(node.callee.start, node.callee.end)
      if (effects.test(callee)) found.push(callee)
    }
    if (node.type === 'NewExpression' && isDateOfNow(node)) found.push('new Date()')
    return undefined
  })
  return found
}

function isDateOfNow(node: SyntaxNode): boolean {
  const callee = node.callee
  const isDate = isNode(callee) && callee.name === 'Date'
  return isDate && Array.isArray(node.arguments) && node.arguments.length === 0
}

/** Does the file read the environment? */
export function readsEnvironment({ syntax }: Source): boolean {
  let reads = false
  walk(syntax, (node) => {
    const { object, property } = node
    const isEnv =
      isNode(object) && object.name === 'process' && isNode(property) && property.name === 'env'
    if (node.type === 'MemberExpression' && isEnv) reads = true
    return undefined
  })
  return reads
}
