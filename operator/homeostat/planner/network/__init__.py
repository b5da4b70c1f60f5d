"""The plan for one Network on one host. Pure."""

from .plan import plan_network

__all__ = ["plan_network"]
