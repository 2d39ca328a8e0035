-- Takes 0027_conferences back: conferences with their deadlines, history and subscriptions.
DROP TABLE public.conference_subscriptions;
DROP TABLE public.conference_changes;
DROP TABLE public.conference_deadlines;
DROP TABLE public.conference_rounds;
DROP TABLE public.conference_editions;
DROP TABLE public.conference_aliases;
DROP TABLE public.conference_series;
DROP TABLE public.conference_heads;
