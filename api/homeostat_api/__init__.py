"""The REST API: writes specs, reports status. It runs in a process of its own, beside the operator."""

from __future__ import annotations

from .app import create_app
from .config import ApiConfig

__all__ = ["ApiConfig", "create_app"]
