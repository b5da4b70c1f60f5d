"""The right that a responder needs, declared beside its code. A responder that declares none is refused to everybody."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

from homeostat.accounts.rights import Right as Right  # noqa: PLC0414 - responders take it from here

F = TypeVar("F", bound=Callable[..., Any])
ATTRIBUTE = "__right__"


class Door(StrEnum):
    """What takes no right to something."""

    OPEN = "nobody in particular"  # whoever signs in is nobody yet
    KNOWN = "somebody who is known"  # what he may do there is decided behind it


Need: TypeAlias = Right | Door


def needs(right: Need) -> Callable[[F], F]:
    """Declares the right that a responder asks for: an ``on_get`` as well as an ``on_websocket``."""

    def mark(responder: F) -> F:
        setattr(responder, ATTRIBUTE, right)
        return responder

    return mark


def needed(resource: object, method: str) -> Need | None:
    """Returns the right that a resource's responder declares; None where it declares none."""
    right = getattr(getattr(resource, responder_name(method), None), ATTRIBUTE, None)
    return right if isinstance(right, Right | Door) else None


def responder_name(method: str) -> str:
    """Returns the name as Falcon looks it up. A WebSocket's is ``on_websocket``, whatever method its handshake has."""
    return f"on_{method.lower()}"
