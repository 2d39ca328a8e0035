import { conflict, duplicate, invalid, missing, sameId } from './constraint-problems.ts'
import type { DatabaseProblem } from './errors.ts'

const channelMissing = missing('The channel does not exist.')
const userMissing = missing('The user does not exist.')
const messageMissing = missing('The message does not exist.')
const documentMissing = missing('The document does not exist.')
const unknownRole = invalid('The role in a channel is not one of those that exist.')

/** The named constraints of channels and of what is said in them. */
export const channelConstraints: Record<string, DatabaseProblem> = {
  channels_pkey: sameId,
  channels_tenant_exists: missing('The tenant does not exist.'),
  channels_document_exists: documentMissing,
  channels_public_name_is_unique: duplicate('A public channel with this name exists already.'),
  channels_document_has_one: duplicate('The document has a channel already.'),
  channels_direct_is_one_for_people: duplicate('These people have a direct channel already.'),
  channels_kind_is_known: invalid('The kind is not one of those that exist.'),
  channels_name_fits_kind: invalid(
    'Every channel but a direct one has a name of 1 to 80 characters.',
  ),
  channels_document_fits_kind: invalid('A document channel, and only that, has a document.'),
  channels_direct_key_fits_kind: invalid('A direct channel, and only that, is one for its people.'),
  channels_topic_length: invalid('A topic has at most 500 characters.'),
  channels_version_is_positive: invalid('Versions are numbered from 1.'),

  channel_heads_pkey: conflict('The channel has its numbers already.'),
  channel_heads_channel_exists: channelMissing,
  channel_heads_seq_is_not_negative: invalid('A number of a channel is not negative.'),

  channel_members_pkey: duplicate('They are in the channel already.'),
  channel_members_channel_exists: channelMissing,
  channel_members_user_exists: userMissing,
  channel_members_nickname_is_unique: duplicate(
    'Somebody in the channel has this nickname already.',
  ),
  channel_members_role_is_known: unknownRole,
  channel_members_nickname_length: invalid('A nickname has 1 to 40 characters.'),
  channel_members_read_seq_is_not_negative: invalid('A read marker is not negative.'),

  channel_invites_pkey: sameId,
  channel_invites_channel_exists: channelMissing,
  channel_invites_user_exists: userMissing,
  channel_invites_role_is_known: unknownRole,
  channel_invites_secret_is_sha256: invalid('The hash of a secret has 32 bytes.'),
  channel_invites_guest_seconds_are_positive: invalid('The key of a guest lasts some time.'),
  channel_invites_uses_are_within_max: conflict('The invite has been used as often as it may be.'),

  channel_events_pkey: conflict('Two events of a channel were written at once. Try again.'),
  channel_events_channel_exists: channelMissing,
  channel_events_seq_is_positive: invalid('Events are numbered from 1.'),

  messages_pkey: sameId,
  messages_channel_exists: channelMissing,
  messages_seq_is_unique_in_channel: conflict('Two messages were written at once. Try again.'),
  messages_answered_one_exists: missing('The message that is answered does not exist.'),
  messages_seq_is_positive: invalid('Messages are numbered from 1.'),
  messages_kind_is_known: invalid('The kind is not one of those that exist.'),
  messages_text_length: invalid('A message has at most 8,000 characters.'),
  messages_deleted_has_no_text: conflict('A deleted message has no text.'),
  messages_reply_follows: invalid('An answer comes after what it answers.'),

  message_versions_pkey: conflict('The message has this version already.'),
  message_versions_message_exists: messageMissing,

  message_mentions_pkey: conflict('The message names them already.'),
  message_mentions_user_exists: userMissing,
  message_mentions_message_exists: messageMissing,

  message_reactions_pkey: conflict('They have put this sign on the message already.'),
  message_reactions_message_exists: messageMissing,
  message_reactions_user_exists: userMissing,
  message_reactions_emoji_length: invalid('A sign has 1 to 32 characters.'),

  message_attachments_pkey: duplicate('A message shows a document once.'),
  message_attachments_message_exists: messageMissing,
}
