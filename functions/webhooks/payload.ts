import { type EventType, eventTypes } from '../../domain/webhooks/event-types.ts'

type Event = {
  type: EventType
  subjectId: string
  data: Record<string, unknown>
  happenedAt: Date
}

/** What a receiver gets, the same at every attempt. Addresses are paths below the installation's own. */
export const payloadOf = ({ type, subjectId, data, happenedAt }: Event) => ({
  type,
  timestamp: happenedAt.toISOString(),
  data: {
    id: subjectId,
    ...data,
    urls: { self: `/v1/${eventTypes[type].subject}/${subjectId}` },
  },
})
