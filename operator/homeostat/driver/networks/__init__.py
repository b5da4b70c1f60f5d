"""The host's networks, and the host's ends of nics."""
