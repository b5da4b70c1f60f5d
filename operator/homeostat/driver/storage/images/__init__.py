"""Base images: where they come from, how they are fetched, what was verified of them."""
