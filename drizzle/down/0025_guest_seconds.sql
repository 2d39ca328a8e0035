-- Takes 0025_guest_seconds back: the keys of guests who come by an invite last what the server says.
ALTER TABLE public.channel_invites DROP COLUMN guest_seconds;
