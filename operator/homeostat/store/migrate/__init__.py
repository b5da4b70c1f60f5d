"""Moves resources between a folder of YAML and a cluster. Guests go on running, because every domain keeps its identity."""
