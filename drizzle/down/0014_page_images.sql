-- Takes 0014_page_images back: the cache of drawn pages. Their files are removed by the daily sweep.
DROP TABLE public.page_images;
