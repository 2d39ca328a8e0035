import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { registry } from '../registry.ts'

/**
 * Builds every function to one file that needs nothing beside it and nothing of Node: `dist/<name>.mjs`.
 * @throws the errors of esbuild
 */
export async function buildForOtherHosts(root: string): Promise<{ path: string; bytes: number }[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: registry.map(({ name }) => ({ in: `functions/${name}/index.ts`, out: name })),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    // The one module of Node's that every host has (workerd: `nodejs_als`).
    external: ['node:async_hooks'],
    mainFields: ['module', 'main'],
    conditions: ['worker', 'import', 'default'],
    target: 'es2023',
    minifySyntax: true,
    outdir: join(root, 'dist'),
    outExtension: { '.js': '.mjs' },
    metafile: true,
    logLevel: 'silent',
  })
  return Object.entries(metafile.outputs).map(([path, { bytes }]) => ({
    path: relative(root, join(root, path)),
    bytes,
  }))
}
