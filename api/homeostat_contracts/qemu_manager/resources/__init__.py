"""Its paths."""
