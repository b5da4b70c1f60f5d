"""Every path there is, and the resource that answers it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    resource: object
