import type { Fault } from './faults.ts'
import type { Secret } from './secrets.ts'
import type { Settings } from './settings.ts'
import type { Sources } from './sources.ts'

/** The key that signs requests to an object store; a part that nobody gave is `null`. */
export type StoreKey = { id: Secret | null; secret: Secret | null }

// Those that have a default are no reason to think of a store: whoever copies `.env.example` sets them.
const storeSettings = [
  'S3_ENDPOINT',
  'S3_PREFIX',
  'S3_ACCESS_KEY_ID',
  'S3_ACCESS_KEY_ID_FILE',
  'S3_SECRET_ACCESS_KEY',
  'S3_SECRET_ACCESS_KEY_FILE',
]

/** A bucket without a key, or settings of a store without a bucket: files would lie where nobody looks for them. */
export function objectStoreFaults({ values, sourceOf }: Sources, key: StoreKey): Fault[] {
  if (values.S3_BUCKET !== undefined) {
    const missing = [
      ...(key.id === null ? ['S3_ACCESS_KEY_ID'] : []),
      ...(key.secret === null ? ['S3_SECRET_ACCESS_KEY'] : []),
    ]
    const problem = 'it is not set, and S3_BUCKET is'
    return missing.map((variable) => {
      const fix = `set it, or better ${variable}_FILE; without S3_BUCKET files lie in a folder`
      return { variable, source: sourceOf(variable), problem, fix }
    })
  }
  const lonely = storeSettings.find((name) => values[name] !== undefined)
  if (lonely === undefined) return []
  const problem = `it is not set, and ${lonely} (${sourceOf(lonely)}) is`
  const fix = 'name the bucket, or set none of the S3 variables to keep files in a folder'
  return [{ variable: 'S3_BUCKET', source: sourceOf('S3_BUCKET'), problem, fix }]
}

/** Where files lie instead of a folder, or `null`. */
export function objectStoreOf(s: Settings, { id, secret }: StoreKey) {
  if (s.S3_BUCKET === undefined || id === null || secret === null) return null
  const prefix = s.S3_PREFIX?.replace(/\/?$/, '/') ?? ''
  return {
    endpoint: s.S3_ENDPOINT ?? `https://s3.${s.S3_REGION}.amazonaws.com`,
    region: s.S3_REGION,
    bucket: s.S3_BUCKET,
    prefix,
    isPathStyle: s.S3_PATH_STYLE,
    accessKeyId: id,
    secretAccessKey: secret,
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

export function objectStoreWarnings({ S3_ENDPOINT: endpoint }: Settings): string[] {
  if (endpoint === undefined || !endpoint.toLowerCase().startsWith('http:')) return []
  if (loopback.has(new URL(endpoint).hostname)) return []
  return ['S3_ENDPOINT is no https:// address: whoever is on the way to it can read the files.']
}
