"""The right that a responder needs, declared beside its code. A responder that declares none is refused to everybody."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "__right__"


class Right(StrEnum):
    SEE = "see"
    CHANGE = "change"
    COPY = "copy"  # what is on disks, which may hold secrets


def needs(right: Right) -> Callable[[F], F]:
    """Declares the right that a responder asks for: an ``on_get`` as well as an ``on_websocket``."""

    def mark(responder: F) -> F:
        setattr(responder, ATTRIBUTE, right)
        return responder

    return mark


def needed(resource: object, method: str) -> Right | None:
    """Returns the right that a resource's responder declares; None where it declares none."""
    right = getattr(getattr(resource, responder_name(method), None), ATTRIBUTE, None)
    return right if isinstance(right, Right) else None


def responder_name(method: str) -> str:
    """Returns the name as Falcon looks it up. A WebSocket's is ``on_websocket``, whatever method its handshake has."""
    return f"on_{method.lower()}"
