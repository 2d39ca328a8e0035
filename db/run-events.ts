import { type SQL, sql } from 'drizzle-orm'

type EventRows = {
  /** A CTE that has `tenant_id` and `id` of a job; `type` and `data` may name its columns as `e.<name>`. */
  from: SQL
  type: SQL
  data: SQL
  /** Of type timestamptz; by default the moment of the statement. */
  at?: SQL
  /** Of type bytea: what tells apart events of one moment. The job's id for what {@link startedEvents} keeps. */
  tail?: SQL
}

/**
 * Appends one run event for each row of a CTE. Ids are {@link eventId}: the events of one run sort as they
 * happened, whichever process wrote them, which ids of several processes' own clocks would not.
 */
export function appendEvents({ from, type, data, at, tail }: EventRows): SQL {
  const moment = at ?? sql`clock_timestamp()`
  return sql`insert into run_events (tenant_id, id, job_id, type, data, created_at)
    select e.tenant_id, ${eventId(sql`clock.at`, tail ?? sql`uuid_send(gen_random_uuid())`)},
      e.id, ${type}, ${data}, clock.at
    from ${from} e cross join lateral (select ${moment} as at where e.id is not null) clock`
}

/**
 * A UUIDv7 of a moment with microseconds (RFC 9562, method 3).
 * @param tail 16 bytes, of which the last eight are taken
 */
export function eventId(at: SQL, tail: SQL): SQL {
  return sql`encode(
    substring(int8send(floor(extract(epoch from ${at}) * 1000)::bigint) from 3)
      || int2send((28672 + floor(mod(extract(epoch from ${at}) * 1000000, 1000) * 4.096))::smallint)
      || substring(${tail} from 9), 'hex')::uuid`
}

/**
 * Writes down the start of an attempt whose job goes on without it: the job's row will tell of a later one. The id
 * is the one under which the start was read from the row until now.
 * @param from a CTE with `tenant_id`, `id`, `leased_at`, `leased_by` and, as of that attempt, `attempt`
 */
export function startedEvents(from: SQL): SQL {
  return appendEvents({
    from,
    type: sql`'started'`,
    data: sql`jsonb_build_object('attempt', e.attempt, 'worker', e.leased_by)`,
    at: sql`e.leased_at`,
    tail: sql`uuid_send(e.id)`,
  })
}
