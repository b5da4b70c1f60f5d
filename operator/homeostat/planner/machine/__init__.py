"""Planning one VirtualMachine."""

from .plan import plan_machine

__all__ = ["plan_machine"]
