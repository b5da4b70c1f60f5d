"""Plans of snapshots. Pure."""

from .plan import plan_snapshot

__all__ = ["plan_snapshot"]
