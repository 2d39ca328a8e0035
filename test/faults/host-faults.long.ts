import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { stackPorts } from '../../local-runtime/config.ts'
import { eventually } from '../harness/eventually.ts'
import { type Ended, newStack, type Stack } from '../harness/stack.ts'
import { bigFile, stored, uploadRaw } from './uploads.ts'

const mebibyte = 1024 ** 2
const isRoot = process.getuid?.() === 0

const deploy = (stack: Stack): Promise<Ended> => stack.run('./deploy-local.sh', ['--no-smoke'])

/** What was said on failure: the lines that tell no step. */
function sentence({ code, output }: Ended): string {
  expect(code).toBe(1)
  expect(output).not.toMatch(/^\s+at /m)
  const lines = output.split('\n').filter((line) => line !== '' && !/\d\.\d s {2}/.test(line))
  const told = lines.filter((line) => !line.startsWith('npm warn')).join('\n')
  console.log(`host-fault says: ${told}`)
  return told
}

test.each(['http', 'postgres', 'redis'] as const)(
  'a taken port (%s) is one sentence, and all is well once it is free',
  async (name) => {
    const stack = await newStack()
    const port = stackPorts(stack.port)[name]
    const taker = createServer()
    await new Promise<void>((resolve) => taker.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => void taker.close())
    const told = sentence(await deploy(stack))
    expect(told).toContain(`Port ${port} on 127.0.0.1`)
    expect(told).toContain('is taken by another program')
    expect(told).not.toContain('\n')
    await new Promise((resolve) => taker.close(resolve))
    await stack.deploy()
    await stack.becomes('ok')
  },
)

test('a home that this user may not write is one sentence', async ({ skip }) => {
  if (!isRoot) skip('only root can be somebody else')
  const stack = await newStack()
  const above = `${stack.home}-above`
  mkdirSync(above)
  onTestFinished(() => rmSync(above, { recursive: true }))
  chmodSync(above, 0o755)
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', 'HOME=/tmp']
  const home = `OCTAVO_HOME=${join(above, 'home')}`
  const args = [...asNobody, home, './deploy-local.sh', '--no-smoke']
  const told = sentence(await stack.run('setpriv', args))
  expect(told).toMatch(/OCTAVO_HOME .*the folder .* cannot be made \(EACCES\)/)
})

test('a full disk is one sentence at every step of a start', async ({ skip }) => {
  if (!isRoot) skip('only root can mount a small disk')
  const { stack, resize } = await stackOnSmallDisk()
  for (const mebibytes of [1, 4, 12, 30]) {
    resize(mebibytes)
    expect(sentence(await deploy(stack))).toMatch(/the disk is full/i)
  }
  resize(400)
  await stack.deploy()
  await stack.becomes('ok')
})

test('a disk that fills up while the stack runs refuses uploads with 503 and heals', async ({
  skip,
}) => {
  if (!isRoot) skip('only root can mount a small disk')
  const { stack, resize, freeBytes } = await stackOnSmallDisk()
  resize(400)
  await stack.deploy()
  const before = stored(stack).length
  resize(400 - Math.floor(freeBytes() / mebibyte) + 40)
  const response = await uploadRaw(stack, bigFile(90 * mebibyte, 'no room'))
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ code: 'unavailable' })
  await eventually('nothing of it is left', async () => stored(stack).length === before)
  const small = await stack.request('/v1/documents', { method: 'POST', body: 'fox' })
  expect(small.status).toBe(202)
  resize(400)
  expect((await uploadRaw(stack, bigFile(90 * mebibyte, 'room'))).status).toBe(202)
})

/** A stack whose home is a memory disk of a size that can be changed. */
async function stackOnSmallDisk() {
  const stack = await newStack()
  const services = join(stack.home, 'services')
  const run = (...args: string[]) => execFileSync(args[0] ?? '', args.slice(1)).toString()
  run('mount', '-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', stack.home)
  run('ln', '-s', join(process.cwd(), '.local/services'), services)
  onTestFinished(async () => {
    await stack.octavo('stop')
    await eventually('none is left', () => stack.areGone())
    run('umount', stack.home)
  })
  return {
    stack,
    resize: (mebibytes: number) => run('mount', '-o', `remount,size=${mebibytes}m`, stack.home),
    freeBytes: () => Number(run('df', '--output=avail', '-B1', stack.home).split('\n')[1]),
  }
}
