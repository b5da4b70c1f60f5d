"""What converges machines on one host, and places those that are nowhere yet."""
