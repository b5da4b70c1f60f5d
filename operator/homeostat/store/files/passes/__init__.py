"""A pass brings the index to what the folder says: what is new, changed or gone, and what of it may go."""
