-- Takes 0022_artifacts back: artifacts with their versions and bytes.
DROP TABLE public.artifact_pieces;
DROP TABLE public.artifact_versions;
DROP TABLE public.artifacts;
