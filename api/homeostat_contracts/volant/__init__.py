"""Volant's REST API, and what its command line reads and sends. It is mounted in the native API, which extends it."""
