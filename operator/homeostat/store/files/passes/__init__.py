"""A pass brings the index to what the folder says: it finds what is new, changed or gone, and what may be deleted."""
