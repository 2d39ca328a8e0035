-- Takes 0020_channels back: channels with all that was said in them, and guests with their keys.
DROP TABLE public.message_attachments;
DROP TABLE public.message_reactions;
DROP TABLE public.message_mentions;
DROP TABLE public.message_versions;
DROP TABLE public.messages;
DROP TABLE public.channel_events;
DROP TABLE public.channel_invites;
DROP TABLE public.channel_members;
DROP TABLE public.channel_heads;
DROP TABLE public.channels;

DELETE FROM public.api_keys WHERE role = 'guest';
DELETE FROM public.users WHERE role = 'guest';
ALTER TABLE public.users DROP CONSTRAINT users_email_is_known_but_of_guests;
ALTER TABLE public.users ALTER COLUMN email SET NOT NULL;
ALTER TABLE public.users DROP CONSTRAINT users_role_is_known;
ALTER TABLE public.users ADD CONSTRAINT users_role_is_known
	CHECK (role IN ('admin', 'editor', 'viewer', 'ingest', 'worker'));
ALTER TABLE public.api_keys DROP CONSTRAINT api_keys_role_is_known;
ALTER TABLE public.api_keys ADD CONSTRAINT api_keys_role_is_known
	CHECK (role IN ('admin', 'editor', 'viewer', 'ingest', 'worker'));
