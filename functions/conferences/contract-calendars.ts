import * as z from 'zod'
import { deadlineKinds } from '../../db/schema/conferences.ts'
import { line } from '../_shared/http/lines.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { deadlineFilter, estimates, exampleId } from './contract.ts'
import type { SubscriptionRow } from './subscription-queries.ts'

/** The latest of them; a calendar program gets slow with more. */
export const eventsMax = 5_000

const calendar = content('text/calendar', 'An iCalendar with an event for each deadline.')
const told = `An event for each known deadline, at its exact instant. Its UID stays whatever changes, and its SEQUENCE grows with
each change. What is not known is left out; estimates are tentative and say so; what was withdrawn is cancelled. At most the
latest ${eventsMax}.`

export const getCalendar = route({
  method: 'get',
  path: '/calendar.ics',
  operationId: 'getConferenceCalendar',
  role: 'viewer',
  summary: 'Read deadlines as iCalendar',
  description: told,
  input: { query: z.object({ ...deadlineFilter, estimates }) },
  replies: { 200: calendar },
  example: { query: { sub: 'SC', kind: 'paper' } },
})

export const getOneCalendar = route({
  method: 'get',
  path: '/:id/calendar.ics',
  operationId: 'getOneConferenceCalendar',
  role: 'viewer',
  summary: 'Read the deadlines of a conference as iCalendar',
  description: told,
  input: { param: z.object({ id: z.uuid().toLowerCase() }), query: z.object({ estimates }) },
  replies: { 200: calendar, ...failures('not_found') },
  example: { param: exampleId },
})

const words = z.array(z.string().trim().min(1).max(40)).min(1).max(50).optional()
const Filter = z
  .object({
    ...{ sub: words, ccf: words, core: words, thcpl: words },
    kind: z.array(z.enum(deadlineKinds)).min(1).max(deadlineKinds.length).optional(),
    q: z.string().trim().min(1).max(200).optional(),
    estimates: z.boolean().default(true),
  })
  .strict()
  .meta({ id: 'DeadlineFilter' })

const Subscription = z
  .object({
    id: z.uuid(),
    user_id: z.uuid(),
    name: z.string(),
    conference_id: z.uuid().nullable(),
    filter: Filter,
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'CalendarSubscription', description: 'A link of a calendar, without its secret.' })

const NewSubscription = Subscription.extend({
  token: z.string().nullable().meta({ description: 'Shown once.' }),
  url: z
    .string()
    .nullable()
    .meta({ description: 'What the calendar program reads, below the address of this server.' }),
}).meta({ id: 'NewCalendarSubscription' })

export const createSubscription = route({
  method: 'post',
  path: '/subscriptions',
  operationId: 'createCalendarSubscription',
  role: 'viewer',
  summary: 'Make a link by which a calendar program reads deadlines',
  description: `It needs no key and does not end by itself: delete it to revoke it. It shows nothing while its user is disabled,
and goes with them.`,
  input: {
    json: z.object({
      name: line(120).meta({ example: 'Security papers' }),
      conference_id: z.uuid().toLowerCase().optional(),
      filter: Filter.default({ estimates: true }),
    }),
  },
  replies: { 201: NewSubscription, ...failures() },
  example: { json: { name: 'Security papers', filter: { sub: ['SC'], kind: ['paper'] } } },
  secretFields: ['token', 'url'],
})

export const listSubscriptions = route({
  method: 'get',
  path: '/subscriptions',
  operationId: 'listCalendarSubscriptions',
  role: 'viewer',
  summary: 'List calendar links, newest first',
  description: "One's own; an admin sees those of all.",
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(Subscription), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

const param = z.object({ subscription: z.uuid().toLowerCase() })
const exampleSubscription = { subscription: '0199a1c2-77aa-7aaa-8aaa-00000000000d' }

export const getSubscription = route({
  method: 'get',
  path: '/subscriptions/:subscription',
  operationId: 'getCalendarSubscription',
  role: 'viewer',
  summary: 'Read a calendar link, without its secret',
  input: { param },
  replies: { 200: Subscription, ...failures('not_found') },
  example: { param: exampleSubscription },
})

export const revokeSubscription = route({
  method: 'delete',
  path: '/subscriptions/:subscription',
  operationId: 'revokeCalendarSubscription',
  role: 'viewer',
  summary: 'Revoke a calendar link',
  description: 'It shows nothing from the reply on.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleSubscription },
})

export const openSubscription = route({
  method: 'get',
  path: '/subscriptions/calendar.ics',
  operationId: 'openCalendarSubscription',
  role: 'public',
  summary: 'Read the calendar of a link',
  description: `${told} A link that is unknown or revoked, or whose user may not read any more, is a 404. Failures alone are limited.`,
  input: { query: z.object({ token: z.string().max(200).meta({ description: 'Of the link.' }) }) },
  replies: { 200: calendar, ...failures('not_found') },
  example: { query: { token: `oct_${'0'.repeat(32)}_${'2'.repeat(96)}` } },
})

export const toSubscription = (row: SubscriptionRow): z.input<typeof Subscription> => {
  const { series_id, ...filter } = row.filter
  return {
    ...{ id: row.id, user_id: row.userId, name: row.name, conference_id: series_id ?? null },
    ...{ filter: { ...filter }, created_at: row.createdAt.toISOString() },
  }
}

/** With its secret, for the one reply that shows it. */
export const toNewSubscription = (
  row: SubscriptionRow,
  token: string,
): z.input<typeof NewSubscription> => ({
  ...toSubscription(row),
  ...{ token, url: `/v1/conferences/subscriptions/calendar.ics?token=${token}` },
})
