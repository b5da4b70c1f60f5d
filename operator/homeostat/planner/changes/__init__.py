"""Differences between two definitions: what each takes, and why."""
