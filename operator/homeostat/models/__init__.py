"""The resources: what users write (spec) and what we report (status). Does no I/O and holds no policy."""
