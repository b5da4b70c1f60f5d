"""What converges plugins: their images are in the cache, and they go with their last user."""
