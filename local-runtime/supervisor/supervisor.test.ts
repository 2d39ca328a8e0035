import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { buildAll, type Manifest } from '../build.ts'
import { buildInput } from '../commands/build-release.ts'
import { deployment } from '../commands/deploy.ts'
import { environment, loadConfig, prepareHome, socketPath } from '../config.ts'
import { readSocketJson } from '../socket-json.ts'
import type { Services } from './control.ts'
import { command, NotRunning, readStatus } from './control-client.ts'
import { until } from './testing.ts'

const question = { path: '/services', timeoutMs: 2_000 }
const cleanups: (() => void)[] = []

afterEach(() => {
  for (const cleanUp of cleanups.splice(0)) cleanUp()
})

/** The real supervisor with the real isolates and worker; database and Redis are somewhere else, and away. */
async function startSupervisor() {
  const home = mkdtempSync(join(tmpdir(), 'octavo-supervisor-'))
  const nowhere = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
  }
  const env = { ...environment(), ...nowhere, OCTAVO_HOME: home }
  const config = loadConfig(env, { envFile: null })
  prepareHome(config)
  const manifest = await buildAll(buildInput(config))
  const program = join(manifest.directory, manifest.hosts.supervisor)
  const supervisor = spawn(process.execPath, [program], {
    env: env as NodeJS.ProcessEnv,
    stdio: 'ignore',
  })
  cleanups.push(() => {
    supervisor.kill('SIGKILL')
    rmSync(home, { recursive: true, force: true })
  })
  const socket = socketPath(config.paths.run, 'supervisor.sock')
  await until('the supervisor', () =>
    readStatus(socket).then(
      () => true,
      () => false,
    ),
  )
  const replace = async (build: Manifest = manifest) => {
    const notes: string[] = []
    const body = deployment(config, build, env)
    await command(socket, '/replace', { body, onStep: ({ note }) => notes.push(note) }).catch(
      (err: Error) => notes.push(`failed: ${err.message}`),
    )
    return notes
  }
  return { supervisor, socket, replace, env, program, manifest }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('no process outlives a supervisor that was killed by more than 5 s', async () => {
  const { supervisor, socket, replace } = await startSupervisor()
  await replace()
  const { processes } = await readStatus(socket)
  const children = processes.filter(({ role }) => role !== 'supervisor').map(({ pid }) => pid)
  expect(processes.map(({ role }) => role)).toEqual(expect.arrayContaining(['isolate', 'worker']))
  supervisor.kill('SIGKILL')
  await until('the end of all', () => !children.some(isAlive), 5_000)
})

test('a stop ends everything, tells each step, and nobody answers any more', async () => {
  const { supervisor, socket, replace } = await startSupervisor()
  await replace()
  const { processes } = await readStatus(socket)
  const steps: string[] = []
  const ended = new Promise((resolve) => supervisor.once('exit', resolve))
  await command(socket, '/stop', { onStep: ({ step }) => steps.push(step) })
  expect(steps).toEqual(['worker', 'isolate'])
  expect(await ended).toBe(0)
  expect(processes.filter(({ pid }) => isAlive(pid))).toEqual([])
  await expect(readStatus(socket)).rejects.toThrow(NotRunning)
})

test('a group whose new code cannot be loaded keeps its process, the others are replaced, and it is told why', async () => {
  const { socket, replace, manifest } = await startSupervisor()
  await replace()
  const pids = async () => {
    const { processes } = await readStatus(socket)
    return Object.fromEntries(processes.map(({ name, pid }) => [name, pid]))
  }
  const before = await pids()
  const [broken = '', sound = ''] = ['broken.mjs', 'sound.mjs']
  writeFileSync(join(manifest.directory, broken), "throw new Error('on load')")
  writeFileSync(join(manifest.directory, sound), `export * from './${manifest.functions.jobs}'`)
  const functions = { ...manifest.functions, users: broken, jobs: sound }
  const { processes } = await readStatus(socket)
  const groups = processes.filter(({ role }) => role === 'isolate').map(({ name }) => name)
  const groupOf = (name: string) => groups.find((group) => group.split(',').includes(name)) ?? ''
  const [kept, replaced] = [groupOf('users'), groupOf('jobs')]
  expect(await replace({ ...manifest, functions })).toEqual([
    `${groups.length - 2} unchanged, 1 kept as before (${kept}), 1 replaced (${replaced})`,
    `failed: isolate ${kept} serves its earlier code: users cannot be loaded: Error: on load`,
  ])
  // The earlier one is named as well until it has drained.
  await until('its end', async () => (await pids())[replaced] !== before[replaced])
  expect((await pids())[kept]).toBe(before[kept])
})

test('a second supervisor for the same home is refused, and the first goes on', async () => {
  const { socket, env, program } = await startSupervisor()
  const second = spawn(process.execPath, [program], { env: env as NodeJS.ProcessEnv })
  let said = ''
  second.stderr.on('data', (chunk) => {
    said += chunk.toString()
  })
  expect(await new Promise((resolve) => second.once('close', resolve))).not.toBe(0)
  expect(said).toContain('is already run by process')
  expect((await readStatus(socket)).processes).toHaveLength(1)
})

test('it tells of every process that shall run, also of one that has just been killed', async () => {
  const { socket, replace } = await startSupervisor()
  const ask = () => readSocketJson<Services>({ ...question, socketPath: socket })
  const worker = async () => (await ask()).services.find(({ name }) => name === 'worker')
  expect(await worker()).toBeUndefined()
  await replace()
  const first = await worker()
  expect(first).toMatchObject({ restarts: 0, pid: expect.any(Number) })
  expect(first?.silentMs).toBeLessThan(5_000)
  const names = (await ask()).services.map(({ name }) => name)
  expect(names).toContainEqual(expect.stringMatching(/^isolate .*health/))
  process.kill(first?.pid ?? 0, 'SIGKILL')
  await until('its end to be told', async () => (await worker())?.pid !== first?.pid)
  await until('its successor', async () => ((await worker())?.pid ?? null) !== null)
  expect((await worker())?.restarts).toBeGreaterThan(0)
})
