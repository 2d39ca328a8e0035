import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeDeadFolders, temporaryFolder } from './temporary-folder.ts'

test('folders of dead runs go, those of living ones stay', async () => {
  const ended = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
  await once(ended, 'exit')
  const dead = await mkdtemp(join(tmpdir(), `octavo-test-${ended.pid}-`))
  const living = await temporaryFolder()
  await removeDeadFolders()
  expect([existsSync(dead), existsSync(living)]).toEqual([false, true])
  await rm(living, { recursive: true })
})
