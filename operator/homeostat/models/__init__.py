"""The resources: what users write (spec) and what we report (status). No I/O, no policy."""
