"""What is set aside on any host of a cluster is listed from each of them, and put back and erased by the API beside its host."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.api.harness import Api, refused, serving
from tests.api.modes import Namespace
from tests.kubernetes.operating import PATIENT, SOON, operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.program import ran
from tests.rig.waiting import free_port, wait_until

TOKEN = "0123456789abcdef-of-both"
ON_WEST = {"hostSelector": {"zone": "west"}}


def test_disks_of_a_machine_of_another_host(crds: list[str], plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    token, port = tmp_path / "token", free_port()
    token.touch(0o600)
    token.write_text(TOKEN)
    where = Namespace(plane, namespace)
    kubectl = plane.kubectl.within(where.name)
    east, west = tmp_path / "east" / "state", tmp_path / "west" / "state"

    def homeostat(*words: str) -> str:
        command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(east), "-n", where.name, "trash", *words]
        done = ran(command)
        done.check_returncode()
        return done.stdout

    def listed() -> list[dict[str, Any]]:
        return [one for one in json.loads(homeostat("list", "-o", "json")) if one["namespace"] == where.name]

    served: dict[str, Any] = {"where": where, "headers": {"Authorization": f"Bearer {TOKEN}"}}
    for folder in (east.parent, west.parent, tmp_path / "alone"):
        folder.mkdir()
    with (
        operating(plane, east, "--host", "east", "--host-label", "zone=east"),
        operating(plane, west, "--host", "west", "--host-label", "zone=west", "--api-address", f"http://127.0.0.1:{port}"),
        serving(west.parent, "--token-file", str(token), port=port, **served) as beside,
        serving(tmp_path / "alone", "--token-file", str(token), **served) as another,
    ):
        wait_ready(kubectl, "east", "west", kind="vmhost")
        kubectl.create(machine(named="mail", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}], **ON_WEST))
        wait_ready(kubectl, "mail")
        place = west / "machines" / where.name / "mail/data.qcow2"
        before = place.read_bytes()
        assert listed() == []
        kubectl("delete", "vm", "mail", PATIENT)
        assert not place.exists()
        wait_until(lambda: len(listed()) == 1, SOON, "the other host's operator hears of it")
        (found,) = listed()
        assert (found["host"], found["name"], found["disks"][0]["path"]) == ("west", "mail", str(place))
        (line,) = [line for line in homeostat("list").splitlines() if " mail " in line]
        assert line.endswith("with its identity"), "a new object of its name is another machine"

        entry = found["entry"]
        for api, host in ((beside, None), (another, "west")):
            wait_until(lambda api=api: len(entries(api)) == 1, SOON, "the API hears of it")  # type: ignore[misc]
            assert (entries(api)[0]["entry"], entries(api)[0]["host"]) == (entry, host)
        refused(another.http.post(f"/api/v1/trash/{entry}/restore?host=east"), 404, "trash_entry_not_found")
        assert another.http.post(f"/api/v1/trash/{entry}/restore").json()["restored"] == [str(place)]
        assert place.read_bytes() == before
        wait_until(lambda: listed() == [], SOON, "it is told that it is back")

        kubectl.create(machine(named="mail", runStrategy="Halted", disks=[{"name": "data", "size": "1Mi"}], **ON_WEST))
        wait_ready(kubectl, "mail")
        kubectl("delete", "vm", "mail", PATIENT)
        wait_until(lambda: len(listed()) == 1, SOON, "it is in the trash again")
        homeostat("empty", "mail", "--yes", "--token-file", str(token))
        wait_until(lambda: entries(another) == [] == listed(), SOON, "all hear that it is erased")
        assert list((west / "trash").glob("[!.]*")) == []


def entries(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.http.get("/api/v1/trash").json()["entries"]
    return found
