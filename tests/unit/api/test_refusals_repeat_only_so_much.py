"""Whoever is refused reads the beginning of what he asked for, which is enough to recognise it, and no more."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import falcon.asgi
import falcon.testing
import pytest

from homeostat.accounts.errors import NotAQuota
from homeostat.consoles.sitting import Close, End
from homeostat.models.machine import VirtualMachine
from homeostat.service.changing.json_patch import SHOWN_MAX, PatchRefused
from homeostat.service.refusals import DeviceExists, NoSuchDevice, NoSuchResource, NotInTrash, SourceRefused, TrashElsewhere
from homeostat_api.accounts import audit
from homeostat_api.accounts.quotas import RoleQuota
from homeostat_api.consoles.pages import WebFile
from homeostat_api.consoles.sockets import close_socket
from homeostat_api.http import media
from homeostat_api.http.errors import Problem
from homeostat_api.http.requests.parameters import choice, whole_number
from homeostat_api.http.requests.preconditions import expected_version
from homeostat_api.http.requests.uploaded_form import check_format, check_name, check_sha256
from homeostat_api.resources import tus
from homeostat_contracts.volant.errors import not_found
from homeostat_contracts.volant.resources.events import _last_event
from tests.unit.serving import resource

LONG = "".join(f"{number:x}." for number in range(300))  # no part of it is like another


def asked(query: str = "", path: str = "/", **headers: str) -> falcon.asgi.Request:
    async def receive() -> Any:
        raise AssertionError("nobody reads the body")

    sent: Any = {name.replace("_", "-"): value for name, value in headers.items()}
    return falcon.asgi.Request(falcon.testing.create_scope(path=path, query_string=query, headers=sent), receive)


Refused = Callable[[], object]  # returns the refusal, or raises it

DETAILS: dict[str, tuple[Refused, str, int]] = {
    "a name": (lambda: NoSuchResource(VirtualMachine, LONG), "name", 256),
    "a name, by volant": (lambda: not_found("VirtualMachine", LONG), "name", 256),
    "a source": (lambda: SourceRefused("not here", LONG), "source", 512),
    "an entry": (lambda: NotInTrash(LONG), "name", 256),
    "an entry elsewhere": (lambda: TrashElsewhere("not here", LONG, ["a"]), "name", 256),
    "a device": (lambda: NoSuchDevice("web", "disks", LONG), "name", 64),
    "a new device": (lambda: DeviceExists("web", "disks", LONG), "name", 64),
    "what a patch does": (lambda: PatchRefused(0, {"op": LONG, "path": "/a"}, "no"), "op", SHOWN_MAX),
    "where a patch does it": (lambda: PatchRefused(0, {"op": "add", "path": LONG}, "no"), "path", SHOWN_MAX),
    "a number": (lambda: whole_number(asked(f"limit={LONG}"), "limit"), "given", 64),
    "a word": (lambda: choice(asked(f"view={LONG}"), "view", ("a", "b")), "given", 64),
    "a moment": (lambda: audit._moment(asked(f"since={LONG}"), "since"), "given", 64),
    "a version": (lambda: expected_version(asked(If_Match=LONG), resource(VirtualMachine, "web")), "given", 64),
    "an event": (lambda: _last_event(asked(Last_Event_ID=LONG)), "given", 64),
    "a length": (lambda: tus._number(asked(Upload_Length=LONG), "Upload-Length"), "given", 64),
    "a checksum": (lambda: tus._checksum(LONG), "given", 32),
    "an image": (lambda: check_name(LONG), "given", 64),
    "a digest": (lambda: check_sha256(LONG), "given", 80),
    "a format": (lambda: check_format(LONG), "given", 64),
}
MESSAGES: dict[str, tuple[Refused, int]] = {
    "an entry": (lambda: NotInTrash(LONG), 256),
    "a device": (lambda: NoSuchDevice("web", "disks", LONG), 64),
    "a new device": (lambda: DeviceExists("web", "disks", LONG), 64),
    "what a patch does": (lambda: PatchRefused(0, {"op": LONG, "path": "/a"}, "no"), SHOWN_MAX),
    "where a patch does it": (lambda: PatchRefused(0, {"op": "add", "path": LONG}, "no"), SHOWN_MAX),
    "a field": (lambda: media._refuse_repeats([(LONG, 1), (LONG, 2)]), 64),
    "a key": (lambda: tus._metadata(f"{LONG} ä"), 32),
}


def met(refused: Refused) -> Any:
    """Returns the refusal."""
    try:
        return refused()
    except Exception as error:
        return error


@pytest.mark.parametrize("what", DETAILS)
def test_in_its_details(what: str) -> None:
    refused, field, most = DETAILS[what]
    assert met(refused).details[field] == LONG[:most]


@pytest.mark.parametrize("what", MESSAGES)
def test_in_its_message(what: str) -> None:
    refused, most = MESSAGES[what]
    error = met(refused)
    message = getattr(error, "message", str(error))
    assert LONG[:most] in message and LONG[: most + 1] not in message


async def test_of_the_path_of_a_page() -> None:
    path = f"/web/{LONG}"
    with pytest.raises(Problem) as refused:
        await WebFile().on_get(asked(path=path), falcon.asgi.Response(), "none")
    assert refused.value.details == {"path": path[:256]}


async def test_of_a_role() -> None:
    with pytest.raises(NotAQuota) as refused:
        await RoleQuota(SimpleNamespace()).on_patch(asked(), falcon.asgi.Response(), LONG)  # type: ignore[arg-type]
    assert str(refused.value) == f"{LONG[:40]!r} is no role"


@pytest.mark.parametrize(("why", "told"), [(LONG, LONG[:120]), (119 * "x" + "ä", 119 * "x")], ids=["long", "half a sign"])
async def test_of_why_a_socket_is_closed(why: str, told: str) -> None:
    said: list[tuple[int, str]] = []

    class Socket:
        closed = False

        async def close(self, code: int, reason: str) -> None:
            said.append((code, reason))

    await close_socket(Socket(), End(Close.FAILED, why))  # type: ignore[arg-type]
    assert said == [(Close.FAILED, told)]
