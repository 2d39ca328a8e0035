// One fault of the driver, run in a process of its own because the plain driver crashes or hangs it:
// node driver-patch.faults.ts <driver entry> <database url> <fault>. Prints `sound` when the driver bore it.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { default as Postgres, Sql } from 'postgres'

const [, , entry = '', url = '', fault = ''] = process.argv
const { default: postgres } = (await import(entry)) as { default: typeof Postgres }

const open = (name: string, max: number, socket?: () => Promise<Socket>) =>
  postgres(url, {
    ...(socket ? { socket } : {}),
    max,
    fetch_types: false,
    onnotice: () => {},
    backoff: () => 0.02,
    connect_timeout: 5,
    connection: { application_name: name },
  })
const sql = open('victim', 1)
const admin = open('admin', 1)
const kill = () =>
  admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'victim'`
const alive = () =>
  admin`select from pg_stat_activity where datname = current_database() and application_name = 'victim'`

const faults: Record<string, () => Promise<unknown>> = {
  /** A transaction's next statement on a connection that died. */
  async 'statement after death'() {
    const gone = Promise.withResolvers<void>()
    const late = Promise.withResolvers<unknown>()
    const outcome = sql.begin(async (tx) => {
      await tx`select 1`
      await kill()
      await gone.promise
      await tx`select 2`.catch(late.resolve)
    })
    await outcome.catch(() => gone.resolve())
    await late.promise
    return sql`select 1`
  },
  /** A statement is on its way to the socket in the moment in which that closes. */
  async 'death with unsent bytes'() {
    let socket: Socket | undefined
    const { hostname, port } = new URL(url)
    const own = open('victim', 1, async () => {
      socket = connect(Number(port), hostname)
      await once(socket, 'connect')
      return socket
    })
    await own`select 1`
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        socket?.destroy()
        own`select 1`.catch(() => {}).then(() => resolve())
      })
    })
    await own`select 1`
    return ended(own)
  },
  /** The reader of a cursor is still busy with its rows when the connection dies. */
  async 'death inside a cursor'() {
    const reading = sql`select generate_series(1, 9)`.cursor(1, async () => {
      await kill()
      await until(async () => ((await alive()).length === 0 ? [1] : []))
    })
    await reading.catch(() => {})
    return sql`select 1`
  },
  /** Somebody takes connections and drops them: neither a storm of attempts, nor one after the cancel. */
  async 'nobody behind the port'() {
    let attempts = 0
    const server = createServer((socket) => {
      attempts += 1
      socket.destroy()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const own = postgres({ host: '127.0.0.1', port, max: 1, backoff: () => 0.05 })
    const first = own`select 1`.execute()
    first.catch(() => {})
    await sleep(200)
    const before = attempts
    first.cancel()
    await sleep(200)
    if (before < 2 || before > 8 || attempts > before + 1)
      throw new Error(`${before} attempts, then ${attempts - before}`)
    server.close()
    return ended(own)
  },
  /** COPY is under way when the connection dies. */
  async 'death during copy'() {
    const stream = await sql`copy victims (n) from stdin`.writable()
    const broken = once(stream, 'error')
    stream.write('1\n')
    await kill()
    await broken
    return sql`select 1`
  },
  /** All rows of a COPY were sent when the server refuses one. */
  async 'copy refused at its end'() {
    const stream = await sql`copy victims (n) from stdin`.writable()
    const broken = once(stream, 'error')
    stream.end('no number\n')
    await broken
    return sql`select 1`
  },
  /** Statements are asked for while a COPY, or one behind another, has the only connection. */
  async 'statements beside copies'() {
    const copies = ['1', '2'].map(async (n) => {
      const stream = await sql`copy victims (n) from stdin`.writable()
      const done = once(stream, 'finish')
      stream.end(`${n}\n`)
      await done
    })
    await Promise.all([...copies, sql`select 1`, sql`select 2`])
    const rows = await sql`select n from victims`
    if (rows.length !== 2) throw new Error(`${rows.length} rows instead of two`)
  },
  /** A new connection must not repeat the last words of the one before it. */
  async 'first statement after a restart'() {
    const running = sql`select pg_sleep(10)`.catch(() => {})
    await until(
      () => admin`select from pg_stat_activity
      where datname = current_database() and application_name = 'victim' and state = 'active'`,
    )
    await kill()
    await running
    return sql`select 1`
  },
  /** The connection dies after a row and before the end of the answer. */
  async 'rows of a lost answer'() {
    await sql`select pg_terminate_backend(pg_backend_pid())`.catch(() => {})
    const rows = await sql`select 1 as one`
    if (rows.length !== 1) throw new Error(`${rows.length} rows instead of one`)
  },
  /** The statement that opens a connection is cancelled before it was sent. */
  async 'cancelled first statement'() {
    const first = sql`select 1`.execute()
    await Promise.resolve()
    first.cancel()
    await first.catch(() => {})
    return sql`select 1`
  },
  /** A prepared insert whose result changed its type is prepared again, with the same bytes. */
  async 'bytes after a migration'() {
    const insert = () =>
      sql.unsafe('insert into victims (n, bytes) values (1, $1) returning n', [Buffer.from('ab')], {
        prepare: true,
      })
    await insert()
    await admin`alter table victims alter n type text`
    await insert()
    const rows = await admin`select distinct bytes from victims`
    if (rows.length !== 1) throw new Error('the same bytes were stored in two forms')
  },
}

const stuck = setTimeout(() => finish('stuck'), 3_000)
await admin.unsafe('create table if not exists victims (n int, bytes bytea)')
await faults[fault]?.()
await ended(sql)
await ended(admin)
clearTimeout(stuck)
finish('sound')

async function until(rows: () => PromiseLike<readonly unknown[]>) {
  while ((await rows()).length === 0) await sleep(5)
}

async function ended(client: Sql) {
  await client.end({ timeout: 1 })
}

function finish(word: string): never {
  process.stdout.write(word)
  process.exit(0)
}
