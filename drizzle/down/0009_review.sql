-- Takes 0009_review back: the order of reviews, and which pages were looked at.
DROP INDEX public.annotations_to_review;
DROP INDEX public.annotation_locks_by_user;
DROP TABLE public.review_seen_pages;
