-- Takes 0030_conference_refreshes back: where conferences are refreshed from, and what was fetched.
DROP TABLE public.conference_fetches;
DROP TABLE public.conference_sources;
