import { createServer } from 'node:http'
import postgres from 'postgres'

// The peer: node:http and the bare driver, one prepared statement per request, nothing else: no key, no role, no
// limit, no validation, no ETag, no log. What a function adds to this is what it costs.
const [socketPath = '', databaseUrl = '', tenantId = ''] = process.argv.slice(2)
const connections = 8
const sql = postgres(databaseUrl, { max: connections, fetch_types: false })
const columns = sql`id, email, display_name, role, disabled_at, version, created_at, updated_at`

createServer(async (request, response) => {
  const id = (request.url ?? '').split('/')[3]?.split('?')[0]
  const body = id
    ? (await sql`select ${columns} from users where tenant_id = ${tenantId} and id = ${id}`)[0]
    : {
        items:
          await sql`select ${columns} from users where tenant_id = ${tenantId} order by id desc limit 21`,
        next_cursor: null,
      }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(body))
}).listen(socketPath, () => process.send?.('ready'))

process.on('disconnect', () => process.exit(0))
