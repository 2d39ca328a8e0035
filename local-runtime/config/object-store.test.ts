import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { ConfigFault, describeConfig, loadConfig } from '../config.ts'

const load = (env: Record<string, string>) => loadConfig(env, { envFile: null })
const key = { S3_ACCESS_KEY_ID: 'AKIAHUNTER', S3_SECRET_ACCESS_KEY: 'hunter2' }

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    load(env)
  } catch (err) {
    if (err instanceof ConfigFault) return err.faults.map(({ variable }) => variable)
    throw err
  }
  return []
}

test('without a bucket files lie in the folder of the stack', () => {
  expect(load({}).objectStore).toBeNull()
})

test('bucket and key alone mean the store of Amazon, and everything can be said', () => {
  expect(load({ S3_BUCKET: 'files', ...key, S3_REGION: 'eu-central-1' }).objectStore).toMatchObject(
    {
      endpoint: 'https://s3.eu-central-1.amazonaws.com',
      prefix: '',
      isPathStyle: true,
    },
  )
  const said = { S3_ENDPOINT: 'http://[::1]:9000', S3_PREFIX: 'a/b', S3_PATH_STYLE: 'no' }
  const config = load({ S3_BUCKET: 'files', ...key, ...said })
  expect(config.objectStore).toMatchObject({
    endpoint: 'http://[::1]:9000',
    prefix: 'a/b/',
    isPathStyle: false,
  })
  expect(config.warnings).toEqual([])
})

test('a bucket without a key, and a key without a bucket, are faults that are told at once', () => {
  expect(faultsOf({ S3_BUCKET: 'files' })).toEqual(['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'])
  expect(faultsOf(key)).toEqual(['S3_BUCKET'])
  expect(faultsOf({ S3_ENDPOINT: 'https://h' })).toEqual(['S3_BUCKET'])
  const wrong = { S3_BUCKET: 'Files', S3_PREFIX: '../a', S3_ENDPOINT: 'https://k:s@h/path' }
  expect(faultsOf({ ...wrong, S3_SECRET_ACCESS_KEY_FILE: '/nowhere' }).toSorted()).toEqual([
    'S3_ACCESS_KEY_ID',
    'S3_BUCKET',
    'S3_ENDPOINT',
    'S3_PREFIX',
    'S3_SECRET_ACCESS_KEY_FILE',
  ])
})

test('no way of printing a configuration shows the key, and files in the clear are warned of', () => {
  const config = load({ S3_BUCKET: 'files', ...key, S3_ENDPOINT: 'http://store.internal' })
  const prints = [JSON.stringify(config), inspect(config, { depth: 9 }), describeConfig(config)]
  for (const text of prints) expect(text).not.toMatch(/hunter/i)
  expect(config.objectStore?.secretAccessKey.reveal()).toBe('hunter2')
  expect(config.warnings).toEqual([expect.stringContaining('S3_ENDPOINT')])
})
