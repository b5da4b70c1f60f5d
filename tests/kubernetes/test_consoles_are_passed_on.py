"""Consoles over a cluster: the API server beside the machine's host serves them, and another one passes their bytes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import websocket

from homeostat.accounts.rights import Role
from homeostat.models.base import OWNER
from tests.api.harness import refused, serving
from tests.api.modes import Namespace
from tests.api.people import Person, settle
from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import SOON, wait_ready
from tests.kubernetes.people import shared_accounts
from tests.kubernetes.things import machine
from tests.rig.consoles import WORDS, Console, ticket
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import free_port, wait_until

NAME = "mail"


def test_by_the_api_beside_its_host_and_by_another(
    crds: list[str], plane: ControlPlane, namespace: str, libvirtd: Libvirtd, tmp_path: Path
) -> None:
    where, port = Namespace(plane, namespace), free_port()
    kubectl = plane.kubectl.within(where.name)
    settle(tmp_path / "own" / "state", bob=Role.USER)
    with shared_accounts(bob=Role.USER, eve=Role.USER) as database, site(plane, libvirtd) as place:
        options = ("--require-accounts", "--accounts-database", database)
        with (
            place.operating("--host", "west", "--api-address", f"http://127.0.0.1:{port}"),
            serving(place.root, *options, port=port, where=where) as beside,
            serving(tmp_path, *options, where=where) as another,
            serving(tmp_path / "own", "--require-accounts", where=where) as alone,
        ):
            wait_ready(plane.kubectl, "west", kind="vmhost")
            spec = idle(display={"video": "vga"})
            document = machine(named=NAME, **spec)
            document["metadata"]["labels"] = {OWNER: "bob"}
            kubectl.create(document)
            wait_ready(kubectl, NAME)
            bob, eve = Person(another.http, "bob"), Person(another.http, "eve")
            wait_until(lambda: bob.status("GET", f"vms/{NAME}/screenshot") == 200, SOON, "the API heard of it, and where it is")

            near = Console.open(beside.http, NAME, bob.headers)
            far = Console.open(another.http, NAME, bob.headers)
            assert far.word("opened")["controls"] is False, "the other one came first"
            size = near.greet()
            assert far.greet() == size and len(far.picture(size)) == 4 * size[0] * size[1]
            open_now = [one["id"] for one in bob.ask("GET", "consoles").json()["consoles"]]
            assert len(open_now) == 2, "one that is passed on is one"

            given = ticket(another.http, NAME, bob.headers)
            used = Console(another.http.base_url, given["path"], WORDS, given["ticket"])
            with pytest.raises(websocket.WebSocketBadStatusException):
                Console(beside.http.base_url, given["path"], WORDS, given["ticket"])
            used.close()
            assert eve.status("POST", f"vms/{NAME}/consoles", json={}) == 404

            with_others = Person(alone.http, "bob")
            wait_until(lambda: with_others.status("GET", f"vms/{NAME}") == 200, SOON, "the API heard of it")
            answer = with_others.ask("POST", f"vms/{NAME}/consoles", json={})
            assert refused(answer, 409, "console_unavailable") and "ask for it there" in answer.json()["error"]

            for id in open_now:
                assert bob.status("DELETE", f"consoles/{id}") == 204
            for console in (near, far):
                ended = console.end()
                assert (ended.code, ended.why) == (1008, "ended by bob")
            last = Console.open(another.http, NAME, bob.headers)
            assert Person(another.http, "root").status("PATCH", "users/bob", json={"banned": True}) == 200
            assert last.end().code == 1008
