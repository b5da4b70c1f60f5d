"""Whose a name is, what it was given as, and what of it others may read."""
