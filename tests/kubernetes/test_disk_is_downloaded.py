"""Copies of disks over a cluster: the API beside the disk's host makes them, another one passes them on or says whom to ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.api.harness import Api, refused, serving
from tests.api.modes import Namespace
from tests.e2e.test_disk_is_exported import patterned, write
from tests.kubernetes.domains import idle, site
from tests.kubernetes.operating import operating, wait_ready
from tests.kubernetes.things import machine, thing
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd
from tests.rig.program import ran
from tests.rig.waiting import free_port, wait_until

TOKEN = "0123456789abcdef-of-both"
SIGNED = {"Authorization": f"Bearer {TOKEN}"}


def fill(path: Path) -> None:
    """More than what sockets hold."""
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 0 64M", str(path)], capture_output=True, check=True)


def is_cut_off(another: Api, path: str, beside: Api) -> None:
    """Kills the API beside the host in the middle of what another one passes on."""
    with another.http.stream("GET", path) as answer:
        parts = answer.iter_raw()
        assert next(parts)
        workers = Path(f"/proc/{beside.process.pid}/task/{beside.process.pid}/children").read_text().split()
        for pid in (beside.process.pid, *map(int, workers)):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(httpx.RemoteProtocolError):
            list(parts)


def is_whole(api: Api, path: str, copy: Path, pattern: int | None) -> None:
    """The answer is a whole copy, with that pattern on it, and so is the rest of one that was cut. None: any will do."""
    answer = api.http.get(path)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert ".qcow2" in answer.headers["Content-Disposition"]
    copy.write_bytes(answer.content)
    if pattern is None:
        return
    assert patterned(copy, pattern)
    rest = api.http.get(path, headers={"Range": "bytes=8-", "If-Range": answer.headers["ETag"]})
    assert (rest.status_code, rest.content) == (206, answer.content[8:])


def exported(state: Path, namespace: str, copy: Path, token: Path) -> subprocess.CompletedProcess[str]:
    """Calls `homeostat disk export` beside an operator."""
    command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(state), "-n", namespace, "disk", "export"]
    done = ran([*command, "mail", "data", str(copy), "--token-file", str(token)])
    assert done.returncode == 0, done
    subprocess.run(["qemu-img", "check", "-q", str(copy)], check=True)
    return done


def test_by_the_api_beside_its_host_and_by_another(
    crds: list[str], plane: ControlPlane, namespace: str, libvirtd: Libvirtd, tmp_path: Path
) -> None:
    token, port = tmp_path / "token", free_port()
    token.touch(0o600)
    token.write_text(TOKEN)
    where = Namespace(plane, namespace)
    kubectl = plane.kubectl.within(where.name)
    served = {"where": where, "headers": SIGNED}
    with (
        site(plane, libvirtd) as place,
        place.operating("--host", "west", "--api-address", f"http://127.0.0.1:{port}"),
        operating(plane, tmp_path / "east", "--host", "east"),
        serving(place.root, "--token-file", str(token), port=port, **served) as beside,  # type: ignore[arg-type]
        serving(tmp_path, "--token-file", str(token), **served) as another,  # type: ignore[arg-type]
    ):
        wait_ready(plane.kubectl, "east", "west", kind="vmhost")
        at = {host: {"hostSelector": {"kubernetes.io/hostname": host}} for host in ("east", "west")}
        kubectl.create(machine(named="mail", **idle(disks=[{"name": "data", "size": "4Mi"}], **at["west"])))
        kubectl.create(thing("Disk", "far", {"size": "4Mi", **at["east"]}))
        kubectl.create(thing("Disk", "near", {"size": "64Mi", **at["west"]}))
        wait_ready(kubectl, "mail")
        wait_ready(kubectl, "far", "near", kind="disk")
        data = place.disk(where.name, "mail", "data")
        write(Path(kubectl.get("disk", "near")["status"]["path"]), 5)

        url, near = "/api/v1/vms/mail/disks/data/export", "/api/v1/disks/near/export"
        for api in (beside, another):
            for path in (url, near):
                wait_until(lambda api=api, path=path: api.http.head(path).status_code == 200, 60, "the API heard of it")  # type: ignore[misc]
        far = lambda: another.http.get("/api/v1/disks/far/export")  # noqa: E731
        wait_until(lambda: far().json()["code"] == "exports_elsewhere", 60, "the API heard of the other one, too")
        for number, api in enumerate((beside, another), 1):
            for path, pattern in ((url, None), (near, 5)):
                is_whole(api, path, tmp_path / f"copy-{number}", pattern)
        for state in (place.root / "state", tmp_path / "east"):  # of the operator there, and of another one
            done = exported(state, where.name, tmp_path / f"by-{state.name}", token)
            assert ("fetching from the API" in done.stderr) == (state.name == "east")
        assert data.exists() and place.state_of(f"{where.name}--mail") == "running"

        unknown = refused(far(), 409, "exports_elsewhere")
        assert unknown["name"] == "far"
        passed = {"Homeostat-Passed-On": "1"}
        refused(another.http.get(url, headers=passed), 409, "exports_elsewhere")
        assert another.http.get(url, headers={"Authorization": "Bearer wrong"}).status_code == 401
        fill(Path(kubectl.get("disk", "near")["status"]["path"]))
        is_cut_off(another, near, beside)
        beside.process.wait(60)
        away = another.http.get(url)
        assert refused(away, 503, "export_failed")["host"] == "west" and "does not answer" in away.json()["error"]
