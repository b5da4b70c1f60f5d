"""Whom the provider says somebody is, verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider knows. ``claims``: all that its ID token says of him."""

    issuer: str
    subject: str
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False)
