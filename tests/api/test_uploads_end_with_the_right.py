"""An upload under way is cut when its account may send no more; what has arrived is as after a cut connection."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from homeostat.accounts.rights import Role
from tests.api import inside
from tests.api.harness import Api, serving
from tests.api.image_files import qcow2
from tests.api.people import Person, settle
from tests.api.tus_requests import PART, TUS
from tests.rig.waiting import wait_until

PATIENCE = 30.0  # seconds; one where nobody else uses the machine
SIZE = 8 * 2**20  # bytes of contents
pytestmark = pytest.mark.skipif(inside.INSIDE, reason="a body that is under way needs a connection")


class Sending:
    """A body of which somebody has sent the first half, and sends no more."""

    def __init__(self, api: Api, person: Person, method: str, path: str, content: bytes, **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", api.port), PATIENCE)
        named = {"Host": "localhost", "Content-Length": str(len(content)), **person.headers, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + content[: SIZE // 2])

    def answer(self) -> tuple[int, float]:
        """Returns the status, and the seconds until it came."""
        began = time.monotonic()
        status = int(self._socket.makefile("rb").readline().split()[1])
        self._socket.close()
        return status, time.monotonic() - began


def kept(api: Api) -> list[str]:
    return sorted(path.name for path in (api.state / "uploads").glob("*.partial"))


@pytest.mark.parametrize("large", [True, False], ids=["by a thread", "by the loop"])
def test_one_that_may_go_on_later_keeps_what_has_arrived(tmp_path: Path, large: bool) -> None:
    content = qcow2(tmp_path / "debian.qcow2", SIZE).read_bytes()
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        root, bob = Person(api.http, "root"), Person(api.http, "bob")
        wanted = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": "name ZGViaWFu"}
        place = api.http.post("/api/v1/uploads", headers={**bob.headers, **wanted}).headers["Location"]

        def offset() -> int:
            return int(api.http.head(place, headers={**root.headers, **TUS}).headers["Upload-Offset"])

        checksum = {} if large else {"Upload-Checksum": "sha256 " + 43 * "A" + "="}
        sending = Sending(api, bob, "PATCH", place, content, **PART, **{"Upload-Offset": "0"}, **checksum)
        wait_until(lambda: offset() > 0, PATIENCE, "a part is there")
        assert root.status("PATCH", "users/bob", json={"banned": True}) == 200
        assert sending.answer()[0] == 401
        arrived = offset()
        assert 0 < arrived <= SIZE // 2
        rest = {**root.headers, **TUS, **PART, "Upload-Offset": str(arrived)}
        assert api.http.patch(place, headers=rest, content=content[arrived:]).status_code == 204


def test_one_in_one_request_leaves_nothing(tmp_path: Path) -> None:
    content = qcow2(tmp_path / "debian.qcow2", SIZE).read_bytes()
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        root, bob = Person(api.http, "root"), Person(api.http, "bob")
        sending = Sending(api, bob, "PUT", "/api/v1/images/debian/file", content)
        wait_until(lambda: kept(api) != [], PATIENCE, "a part is there")
        assert bob.status("DELETE", "session") == 204
        assert sending.answer()[0] == 401
        assert kept(api) == [] and root.ask("GET", "images/debian").status_code == 404
