-- Takes 0006_suggestions back: suggested regions with what was decided about them, and which templates were applied.
DROP TABLE public.suggestions, public.template_applications;
