/** Every type of event of a channel, with what it tells. `subject_id` is of what the type is about. */
export const channelEventTypes = {
  'channel.created': 'The channel was made',
  'channel.changed': 'Its name, topic or kind was changed',
  'channel.archived': 'It takes no messages any more',
  'channel.unarchived': 'It takes messages again',
  'member.joined': 'Somebody is in the channel now',
  'member.changed': 'Somebody has another role or nickname',
  'member.left': 'Somebody is out of the channel',
  'message.created': 'Something was said',
  'message.edited': 'A message has another text',
  'message.deleted': 'A message has no text any more',
  'reaction.added': 'Somebody put a sign on a message',
  'reaction.removed': 'Somebody took their sign off a message',
  'game.created': 'A game waits for its players',
  'game.joined': 'Somebody took a seat',
  'game.left': 'A seat is free again, before the start',
  'game.started': 'It is somebody’s turn now',
  'game.moved': 'Somebody played, or the server passed for them',
  'game.draw_offered': 'Somebody would take a draw',
  'game.draw_declined': 'Somebody would not',
  'game.ended': 'The game has an outcome, or was cancelled',
} as const

export type ChannelEventType = keyof typeof channelEventTypes
