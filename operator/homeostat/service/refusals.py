"""What is refused, in the domain's words. Who asked over HTTP, or by a contract, hears them in his own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeostat.models.base import Resource


class Refusal(Exception):
    """Says in words for people why something was not done; nothing was changed. ``details`` are for programs."""

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class NoSuchResource(Refusal):
    """There is none of that name."""

    def __init__(self, kind: type[Resource], name: str) -> None:
        super().__init__(f"there is no {kind.KIND} named {name!r}", {"name": name[:256]})
        self.kind = kind


class BeingDeleted(Refusal):
    """It is on its way out."""

    def __init__(self, kind: type[Resource], name: str) -> None:
        super().__init__(f"{kind.KIND} {name} is being deleted", {"name": name})
        self.kind = kind


class Stale(Refusal):
    """It was changed since it was read. ``version`` is what it has now."""

    def __init__(self, version: str) -> None:
        changed = "The resource was changed meanwhile: read it again, and repeat the change on what it is now"
        super().__init__(changed, {"resource_version": version})


class Disabled(Refusal):
    """It makes no new machines."""


class NotAllowed(Refusal):
    """What the models would take, and this server does not."""


class SourceRefused(NotAllowed):
    """A file or an address that nobody may name here."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(message, {"source": place[:512]})
