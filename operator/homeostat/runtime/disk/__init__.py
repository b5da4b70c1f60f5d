"""Carries out what the planner says of Disks."""
