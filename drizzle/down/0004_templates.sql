-- Takes 0004_templates back: label sets with all their versions.
DROP TABLE public.template_versions, public.templates;
