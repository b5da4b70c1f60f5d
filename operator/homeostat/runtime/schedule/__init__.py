"""Schedules of snapshots."""
