import postgres, { type Sql } from 'postgres'
import type { Servers } from './contestant.ts'

/** One connection beside the contestant's own, for looking at its tables. */
export function openProbe({ postgres: server }: Servers): Sql {
  const { host, port, ...login } = server
  return postgres({
    ...login,
    path: `${host}/.s.PGSQL.${port}`,
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  })
}

/** Bytes of tables, partitions and indexes included. */
export async function tableBytes(sql: Sql, ...tables: string[]): Promise<number> {
  const names = tables.join(',')
  const [row] = await sql`
    select coalesce(sum(pg_total_relation_size(part.relid)), 0)::float8 as bytes
    from unnest(string_to_array(${names}, ',')::regclass[]) as root(id)
    cross join lateral (
      select relid from pg_partition_tree(root.id) union select root.id) part`
  return Number(row?.bytes)
}

/** The same server as the URL that node-postgres and Octavo's own driver understand. */
export function urlOf({ postgres: server }: Servers): string {
  const { host, port, user, password, database } = server
  const login = `${user}:${encodeURIComponent(password)}`
  return `postgres://${login}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
}
