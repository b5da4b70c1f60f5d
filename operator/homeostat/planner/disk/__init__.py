"""Decides what to do about a Disk. Pure: from what was observed to a plan."""

from .plan import plan_disk as plan_disk
