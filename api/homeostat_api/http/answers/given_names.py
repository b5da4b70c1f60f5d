"""Answers that name what a client named, by what he calls it: resources may have other names than they were given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import falcon.asgi

from homeostat.models.base import Resource
from homeostat.service.naming.given_names import in_given_names
from homeostat.service.naming.marks import given_name, resource_name
from homeostat.service.service import Service


def asked_name(req: falcon.asgi.Request, given: str) -> str:
    """Returns the name of the resource that a request calls ``given``. An error that names it says ``given``, too."""
    return note_asked(req, resource_name(given), given)


def note_asked(req: falcon.asgi.Request, name: str, given: str) -> str:
    """Notes that a request calls the resource of that name ``given``, and returns the name."""
    if name != given:
        _asked(req)[name] = given
    return name


def _asked(req: falcon.asgi.Request) -> dict[str, str]:
    found: dict[str, str] | None = getattr(req.context, "asked_names", None)
    if found is None:
        found = req.context.asked_names = {}
    return found


class GivenNames:
    """Puts what is said into the names that clients know. ``called``: what a resource was called by whoever made it."""

    def __init__(self, service: Service, called: Callable[[Resource], str] = given_name) -> None:
        self._service, self._called = service, called

    async def __call__(self, req: falcon.asgi.Request, text: str, params: Mapping[str, Any] | None = None) -> str:
        """Returns a text for whoever asks. ``params``: of the path."""
        actor = getattr(req.context, "actor", None)
        if actor is None:  # nothing is named to whoever is not known yet
            return text
        in_path = {resource_name(given): given for given in (params or {}).values() if isinstance(given, str) and given}
        return await in_given_names(self._service.asked_by(actor), text, {**in_path, **_asked(req)}, self._called)
