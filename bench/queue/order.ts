import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Servers, Settings } from './contestant.ts'
import type { Figures, Growth, Plan } from './measures.ts'

/** What one process has to measure. */
export type Order = { name: string; servers: Servers; plan: Plan; settings: Settings }
export type Answer = { settings: Settings; figures?: Figures; growth?: Growth }

const program = fileURLToPath(new URL('../queue-run.ts', import.meta.url))

/** Measures one contestant in a process of its own. @throws {Error} it failed; why is on stderr */
export async function carryOut(order: Order): Promise<Answer> {
  const child = fork(program, [JSON.stringify(order)])
  let answer: Answer | undefined
  child.once('message', (message) => {
    answer = message as Answer
  })
  const [code] = await once(child, 'exit')
  if (code !== 0 || !answer) throw new Error(`${order.name} failed (${code}).`)
  return answer
}
