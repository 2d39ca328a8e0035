import { readFileSync } from 'node:fs'
import { test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { kill, startStack } from '../harness/stack.ts'
import { unlimited } from './kills.ts'
import { ChatLoad, expectWhole } from './messages.ts'

const lanes = 16
const waitMs = 60_000

test('kill -9 of the isolate and of Postgres under load leaves no gap, and all that was acknowledged', async () => {
  const stack = await startStack({ settings: unlimited })
  const ask = async (path: string, method: string, body: object | null, headers = {}) => {
    const json = { ...headers, 'content-type': 'application/json' }
    return stack.request(path, {
      method,
      headers: json,
      ...(body && { body: JSON.stringify(body) }),
    })
  }
  const made = await ask('/v1/channels', 'POST', { name: 'under fire' })
  const { id: channelId } = (await made.json()) as { id: string }
  const person = { email: 'named@octavo.test', display_name: 'Named', role: 'viewer' }
  const { id: namedId } = (await (await ask('/v1/users', 'POST', person)).json()) as { id: string }
  const send = (body: object, headers: Record<string, string>) =>
    ask('/v1/messages', 'POST', body, headers)
  const load = new ChatLoad(send, { channelId, namedId, lanes })
  for (const [role, name] of [
    ['isolate', 'messages'],
    ['postgres', ''],
    ['isolate', 'messages'],
  ] as const) {
    const before = load.acknowledged.size
    await eventually(
      'posts are acknowledged',
      async () => load.acknowledged.size > before + lanes,
      waitMs,
    )
    kill(await stack.pidOf(role, name), 'SIGKILL')
  }
  const atTheEnd = load.acknowledged.size
  await eventually(
    'posts are acknowledged again',
    async () => load.acknowledged.size > atTheEnd + lanes,
    waitMs,
  )
  await load.stop()
  const { database_url: url, database_password_file: passwordFile } = await stack.status()
  const withPassword = new URL(url ?? '')
  withPassword.password = readFileSync(passwordFile ?? '', 'utf8').trim()
  const me = (await (await stack.request('/v1/users/me')).json()) as { tenant_id: string }
  const place = { tenantId: me.tenant_id, channelId }
  const count = await expectWhole(withPassword.href, place, load)
  console.log(
    `kills=3 acknowledged=${load.acknowledged.size} said=${count} failed=${load.failures}`,
  )
})
