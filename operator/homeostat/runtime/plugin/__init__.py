"""Reconciles plugins: keeps their images in the cache, and removes each with its last user."""
