"""When a machine starts, goes down, and may be restarted."""
