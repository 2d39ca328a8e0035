import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export type Document = { path: string; text: string }

/** The documents that speak to users. The changelog also speaks of what is gone. */
export const readDocuments = (): Document[] =>
  ['README.md', ...globSync('docs/**/*.md')]
    .filter((path) => existsSync(path))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }))

/** Blocks fenced with one of these languages, as lines without comments; `\` joins lines. */
export function commandLines(text: string, languages = ['sh', 'bash', 'console']): string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)]
    .filter(([, language]) => languages.includes(language ?? ''))
    .flatMap(([, , block = '']) => block.replace(/\\\n\s*/g, '').split('\n'))
    .map((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/\s+#\s.*$/, '')
        .trim(),
    )
    .filter((line) => line !== '' && !line.startsWith('#'))
}

const inlineCode = (text: string): string[] =>
  [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    (match) => match[1] ?? '',
  )

const topLevel =
  /^(?:\.\/)?(?:db|drizzle|domain|functions|local-runtime|client|console|smoke|bench|test|docs|scripts|patches|k8s|\.ci|\.github)\/[\w./*<>{},-]*$/
const rootFile = /^(?:\.\/)?[\w.-]+\.(?:ts|json|md|sh|yaml|toml)$|^Caddyfile$|^\.env\.example$/

/** Files and folders of the checkout that a document names, in links and in inline code. */
export function namedPaths({ path, text }: Document): string[] {
  const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) =>
    normalize(join(dirname(path), match[1] ?? '')),
  )
  const code = inlineCode(text).filter((span) => topLevel.test(span) || rootFile.test(span))
  return [...links, ...code].filter((name) => !/[<>*{]/.test(name))
}

/** Scripts that a document calls by `npm run`, in code of any kind. */
export const namedScripts = ({ text }: Document): string[] =>
  [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map((match) => match[1] ?? '')

/** Subcommands of `./deploy-local.sh` that a document names. */
export const namedSubcommands = ({ text }: Document): string[] =>
  [...text.matchAll(/\.\/deploy-local\.sh ([a-z]+)/g)].map((match) => match[1] ?? '')

/** Commands of `octavo` that a document shows in code. */
export const namedOctavoCommands = ({ text }: Document): string[] => {
  const fences = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '')
  return [...inlineCode(text), ...fences]
    .flatMap((code) => [...code.matchAll(/(?:^|\bnpx )octavo ([a-z]+)/gm)])
    .map((match) => match[1] ?? '')
}
