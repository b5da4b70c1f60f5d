"""Reconciles Images: fetches each into the cache, says what it is, and removes it with its last user."""
