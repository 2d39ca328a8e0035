import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { places } from '../../db/schema/places.ts'
import { featureCollection, geoFolder, geoMissing, pointFeature } from '../../test/fixtures/geo.ts'
import { runHere } from '../../test/fixtures/jobs-command.ts'
import { onFileEnd, testDatabase } from '../../test/harness/database.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { refuseMistakes } from '../command-line.ts'
import { loadConfig, prepareHome } from '../config.ts'
import { importData } from './import.ts'

async function importing(files: Record<string, string> = {}) {
  const { url } = await testDatabase()
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const home = mkdtempSync(join(tmpdir(), 'octavo-import-'))
  onFileEnd(() => rmSync(home, { recursive: true, force: true }))
  const settings = { OCTAVO_HOME: join(home, 'state'), DATABASE_URL: url }
  prepareHome(loadConfig(settings, { envFile: null }))
  const path = (name: string) => join(home, name)
  for (const [name, content] of Object.entries(files)) writeFileSync(path(name), content)
  const octavo = (...args: string[]) =>
    runHere(importData, settings, ['places', ...args, '--tenant', tenant.name])
  const stored = () => db.select().from(places).where(eq(places.tenantId, tenant.id))
  return { octavo, path, stored, tenant }
}

const good = JSON.stringify({
  ...featureCollection(pointFeature([1, 2], { name: 'One', alt: 'Uno' }, 1), {
    type: 'Feature',
    geometry: null,
    properties: { name: 'Nowhere' },
  }),
  title: 'x',
})

test('real files come in, the broken one is named and ends with 1', async ({ skip }) => {
  if (!geoFolder) return skip(geoMissing)
  const { octavo, stored, tenant } = await importing()
  const cities = join(geoFolder, 'geo/ne_110m_populated_places_simple.json')
  const bad = join(geoFolder, 'kml/bad.kml')
  const { status, stdout } = await octavo(bad, cities, '--collection', 'cities')
  expect(status).toBe(1)
  expect(stdout).toMatch(/^wrong {4}.*bad\.kml: placemark 1 \(line 3\): "no,no" is no position/)
  expect(stdout).toContain(`${bad}: nothing was imported\n`)
  expect(stdout.endsWith(`${cities}: 243 created, 0 updated, 0 unchanged, 0 skipped\n`)).toBe(true)
  const rows = await stored()
  expect(rows).toHaveLength(243)
  expect(rows[0]).toMatchObject({ collection: 'cities', createdByUserId: tenant.admin.id })
  expect(await octavo(cities, '--collection', 'cities')).toMatchObject({
    ...{ status: 0, stdout: `${cities}: 0 created, 0 updated, 243 unchanged, 0 skipped\n` },
  })
})

test('a command line may name several files', async () => {
  const root = defineCommand({ meta: { name: 'octavo' }, subCommands: { import: importData } })
  const line = ['import', 'places', 'a.geojson', 'b.kml', '--dry-run']
  await expect(refuseMistakes(root, line, new Set())).resolves.toBeUndefined()
  const folder = await importing()
  const { stderr } = await folder.octavo(folder.path('.'))
  expect(stderr).toBe(`${folder.path('.')} is a folder; name its files.\n`)
})

test('what is skipped or not kept is told, and a dry run writes nothing', async () => {
  const { octavo, path, stored } = await importing({ 'a.geojson': good })
  const file = path('a.geojson')
  const { status, stdout } = await octavo(file, '--dry-run')
  expect({ status, lines: stdout.split('\n') }).toEqual({
    status: 0,
    lines: [
      `skipped  ${file}: "Nowhere" (features[1]): It has no geometry.`,
      `${file}: 1 created, 0 updated, 0 unchanged, 1 skipped; not kept: title`,
      ...['A dry run: nothing was written.', ''],
    ],
  })
  expect(await stored()).toEqual([])
})

test('as JSON there is a list of files with their totals or errors', async () => {
  const { octavo, path, stored } = await importing({ 'a.json': good, 'b.kml': '<kml>' })
  const options = ['--json', '--alias-properties', 'alt', '--format', 'geojson']
  const { stdout } = await octavo(path('a.json'), ...options)
  expect(JSON.parse(stdout)).toMatchObject({
    files: [{ path: path('a.json'), totals: { created: 1, skipped: 1 }, errors: [] }],
  })
  expect(await stored()).toMatchObject([{ name: 'One', aliases: ['Uno'], featureId: 1 }])
  const broken = await octavo(path('b.kml'), '--json')
  expect({ status: broken.status, ...JSON.parse(broken.stdout) }).toMatchObject({
    ...{ status: 1, files: [{ totals: null, errors: [{ code: 'unreadable' }] }] },
  })
})

test('who makes them can be told, and what is not there is one sentence', async () => {
  const { octavo, path, stored, tenant } = await importing({ 'a.json': good })
  await octavo(path('a.json'), '--user', tenant.admin.email)
  expect(await stored()).toMatchObject([{ createdByUserId: tenant.admin.id }])
  const sentence = async (...args: string[]) => (await octavo(...args)).stderr
  expect(await sentence('/nowhere.kml')).toBe('There is no file /nowhere.kml.\n')
  expect(await sentence(path('a.json'), '--user', 'x@y.z')).toBe('The tenant has no user x@y.z.\n')
  expect(await sentence(path('a.json'), '--format', 'csv')).toBe(
    'There is no format csv; use geojson or kml.\n',
  )
  expect(await sentence(path('a.json'), '--collection', ' ')).toBe(
    'The name of a collection has 1 to 120 characters.\n',
  )
})
