"""What a machine needs of its host, and whether the host has it."""
