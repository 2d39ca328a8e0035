-- Takes 0016_shares back: links to documents open nothing any more.
DROP TABLE public.shares;
