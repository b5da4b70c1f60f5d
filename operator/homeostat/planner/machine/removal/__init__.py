"""The end of a machine."""
