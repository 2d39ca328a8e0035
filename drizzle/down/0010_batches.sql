-- Takes 0010_batches back: batches with their items. The jobs of one that runs go on as those of its documents.
DROP TABLE public.batch_items, public.batches;
