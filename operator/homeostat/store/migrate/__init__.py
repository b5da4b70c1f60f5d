"""Moves resources between a folder of YAML and a cluster. Guests run on: every domain keeps the identity it has."""
