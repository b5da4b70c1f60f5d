"""Snapshots of machines, and copies of disks that depend on nothing."""
