"""Reports on hosts: who serves each, and whether anybody does."""
