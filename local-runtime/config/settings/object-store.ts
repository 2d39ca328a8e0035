import * as z from 'zod'
import { flag } from '../values.ts'
import { defaultless, setting, text } from './setting.ts'

const group = 'Object store'

const endpoint = z.string().refine(
  (value) => {
    const url = URL.canParse(value) ? new URL(value) : null
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return false
    return url.pathname === '/' && url.search + url.hash + url.username + url.password === ''
  },
  { error: 'give scheme, host and port alone, such as https://s3.example.com:9000' },
)

const bucket = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, {
  error: 'give 3 to 63 lower-case letters, digits, dots and dashes',
})

const region = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/i, {
  error: 'give a name such as eu-central-1',
})

const prefix = z.string().regex(/^[\w-][\w.-]{0,62}(?:\/[\w-][\w.-]{0,62}){0,7}\/?$/, {
  error: 'give names of letters, digits, dots, dashes and underscores, with slashes between them',
})

export const objectStore = {
  S3_BUCKET: defaultless(bucket, {
    group,
    description:
      'Bucket of an S3-compatible object store that keeps the files instead of a folder. It must exist.',
    defaultMeans: 'files lie in OCTAVO_HOME/storage',
    example: 'octavo-files',
  }),
  S3_ENDPOINT: defaultless(endpoint, {
    group,
    description: 'Address of the object store. With http:// files travel unencrypted.',
    defaultMeans: 'https://s3.<S3_REGION>.amazonaws.com',
    example: 'https://minio.internal:9000',
  }),
  S3_REGION: setting(region, {
    group,
    description:
      'Region that requests are signed for; stores without regions mostly take us-east-1.',
    default: 'us-east-1',
    example: 'eu-central-1',
  }),
  S3_PREFIX: defaultless(prefix, {
    group,
    description:
      'Put in front of every key, so that a bucket can hold several stacks or other things.',
    defaultMeans: 'keys begin with the tenant',
    example: 'octavo/production',
  }),
  S3_PATH_STYLE: setting(flag, {
    group,
    description:
      'Name the bucket in the path of an address. Set it to false where the bucket belongs in the name of the host.',
    default: 'true',
    example: 'false',
  }),
  S3_ACCESS_KEY_ID: defaultless(text, {
    group,
    description: 'Name of the key that signs requests.',
    defaultMeans: 'none; S3_BUCKET needs one',
    example: 'the name of a key',
    secret: true,
  }),
  S3_ACCESS_KEY_ID_FILE: defaultless(text, {
    group,
    description: 'File that holds the name of the key, instead of S3_ACCESS_KEY_ID.',
    example: '/run/secrets/s3-access-key-id',
  }),
  S3_SECRET_ACCESS_KEY: defaultless(text, {
    group,
    description:
      'Secret of the key. It may read, write, delete and list the objects below S3_PREFIX, and list and abort uploads of parts.',
    defaultMeans: 'none; S3_BUCKET needs one',
    example: 'a long random text',
    secret: true,
  }),
  S3_SECRET_ACCESS_KEY_FILE: defaultless(text, {
    group,
    description: 'File that holds the secret of the key, instead of S3_SECRET_ACCESS_KEY.',
    example: '/run/secrets/s3-secret-access-key',
  }),
}
