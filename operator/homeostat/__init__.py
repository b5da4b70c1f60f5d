"""Homeostat keeps virtual machines as your YAML says they should be."""

__version__ = "0.1.0"
