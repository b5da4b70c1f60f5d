"""Snapshots: taken, kept, and removed."""
