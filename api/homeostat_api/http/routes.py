"""Every path there is, and the resource that answers it."""

from __future__ import annotations

from dataclasses import dataclass

V1 = "/api/v1"
"""Where the native API is, and what is mounted in it."""


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    resource: object
