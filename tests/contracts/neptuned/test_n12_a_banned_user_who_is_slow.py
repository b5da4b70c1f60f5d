"""N12, where the body comes late: who is banned before it is there does nothing any more."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.contracts.neptuned.neptune import V0, Neptune, User, refused
from tests.rig.waiting import wait_until

PROMISED = 1.0  # seconds, after which what takes a right away counts


def slowly(user: User, path: str, body: bytes) -> httpx.Response:
    """Asks with a body whose end comes a second after its sender was banned."""

    def parts() -> Iterator[bytes]:
        yield body[:1]
        user.neptune.done("POST", f"admin/users/{user.id}/ban")
        banned = time.monotonic()
        wait_until(lambda: time.monotonic() - banned > PROMISED, 10.0, "a second has gone by")
        yield body[1:]

    headers = {"Authorization": f"Bearer {user.token}", "Content-Type": "application/json"}
    return httpx.post(f"{user.neptune.http.base_url}{V0}/{path}", content=parts(), headers=headers, timeout=60.0)


@pytest.mark.parametrize("type", ["user", "administrator"])
def test_n12_he_does_nothing(neptune: Neptune, type: str) -> None:
    user = neptune.user(type)
    refused(slowly(user, "change_password", b'{"password": "another horse"}'), 401)
    neptune.done("POST", f"admin/users/{user.id}/unban")
    assert neptune.enters(user.name)
