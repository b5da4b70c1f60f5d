"""Planning one VirtualMachineDeployment: which machines to create, replace and remove, and which template they follow."""

from .plan import plan_deployment

__all__ = ["plan_deployment"]
