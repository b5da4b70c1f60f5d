"""Health checks: startup, liveness and readiness probes, with the kubelet's rules."""

from .prober import Prober

__all__ = ["Prober"]
