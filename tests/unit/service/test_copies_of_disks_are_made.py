"""Which disk is copied for a request, by which libvirt, and what is said where none is. The copying itself is noted only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from homeostat.driver.errors import DriverError, NoSpace, Refused, ResourceInUse
from homeostat.models.base import Resource
from homeostat.models.disk import Disk
from homeostat.models.machine import VirtualMachine
from homeostat.models.snapshot import Snapshot
from homeostat.service.desk import Desk
from homeostat.service.files import exports
from homeostat.service.files.exports import Abandoned, Download
from homeostat.service.refusals import ExportRefused, NoSuchDevice, NoSuchResource
from homeostat.store.files.state import StateFolder
from tests.unit.serving import Written, resource

LIBVIRT = "test:///default"
DISKS = {"root": {"size": "1Gi"}, "swap": {"diskRef": {"name": "other"}}, "mine": {"diskRef": {"name": "data"}}}
SPEC = {"disks": [{"name": name, **disk} for name, disk in DISKS.items()]}
WEB = resource(VirtualMachine, "web", SPEC, host="local", domainUuid="uuid-web")
OF_WEB = {"machineRef": {"name": "web"}}


@dataclass
class Copier:
    """Notes what would be copied, writes a file of that size in its place, or fails."""

    folder: Path
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    error: Exception | None = None

    def of_domain(self, uri: str, uuid: str, device: str, target: Path, reached: Callable[[float], None], tag: str) -> None:
        self._made(("domain", uri, uuid, device, tag), target, reached)

    def of_file(self, path: str, format: str, target: Path, reached: Callable[[float], None]) -> None:
        self._made(("file", path, format), target, reached)

    def _made(self, what: tuple[Any, ...], target: Path, reached: Callable[[float], None]) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error
        target.write_bytes(b"copied")
        reached(0.5)

    def desk(self, *resources: Resource, **allowed: Any) -> Desk:
        return Written(*resources).desk(self.folder, **allowed)


@pytest.fixture
def copier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copier:
    found = Copier(StateFolder.open(tmp_path / "state").root)
    StateFolder.named(found.folder).remember_libvirt(LIBVIRT)
    monkeypatch.setattr(exports, "export_disk", found.of_domain)
    monkeypatch.setattr(exports, "export_file", found.of_file)
    return found


def stays() -> bool:
    return False


async def content(download: Download) -> bytes:
    whole = await download.read(0, 100)
    assert await download.read(2, 3) == whole[2:5] and download.copy.size == len(whole)
    return whole


async def test_a_disk_of_a_machine(copier: Copier) -> None:
    copies = copier.desk(WEB).exports
    made = await copies.of_machine("web", "root", stays)
    assert made.name == "web-root.qcow2" and await content(made) == b"copied"
    assert copier.asked == [("domain", LIBVIRT, "uuid-web", "root", "")]
    with pytest.raises(NoSuchDevice, match=r"web has no disks\[other\]") as lacking:
        await copies.of_machine("web", "other", stays)
    assert lacking.value.details == {"name": "other"}
    with pytest.raises(NoSuchResource):
        await copies.of_machine("db", "root", stays)


@pytest.mark.parametrize("status", [{}, {"host": "local"}])
async def test_a_machine_that_was_never_defined_has_no_disks(copier: Copier, status: dict[str, str]) -> None:
    with pytest.raises(ExportRefused, match="never defined") as refused:
        await copier.desk(resource(VirtualMachine, "web", SPEC, **status)).exports.of_machine("web", "root", stays)
    assert (refused.value.why, refused.value.details) == ("not_there", {"name": "web"})


def taken(*disks: str, tag: str | None = "tag-1") -> Snapshot:
    status = {"tag": tag, "host": "local", "disks": [{"name": name, "path": f"/{name}"} for name in disks]}
    return resource(Snapshot, "daily", OF_WEB, **status)


@pytest.mark.parametrize(
    ("disks", "asked", "copied"),
    [(("root",), None, "root"), (("root",), "root", "root"), (("root", "mine"), "mine", "mine")],
)
async def test_a_disk_in_a_snapshot(copier: Copier, disks: tuple[str, ...], asked: str | None, copied: str) -> None:
    made = await copier.desk(WEB, taken(*disks)).exports.of_snapshot("daily", asked, stays)
    assert made.name == f"web-{copied}-daily.qcow2"
    assert copier.asked == [("domain", LIBVIRT, "uuid-web", copied, "tag-1")]


@pytest.mark.parametrize(
    ("snapshot", "asked", "said"),
    [
        (resource(Snapshot, "daily", OF_WEB), None, ("not_there", "is not taken yet")),
        (taken("root", tag=None), "root", ("not_there", "is not taken yet")),
        (taken("root", "mine"), None, ("which", "snapshot daily has root, mine: say which")),
        (taken(), None, ("which", "snapshot daily has no disk: say which")),
    ],
)
async def test_a_disk_in_a_snapshot_that_is_not_copied(
    copier: Copier, snapshot: Snapshot, asked: str | None, said: tuple[str, str]
) -> None:
    with pytest.raises(ExportRefused, match=said[1]) as refused:
        await copier.desk(WEB, snapshot).exports.of_snapshot("daily", asked, stays)
    assert (refused.value.why, refused.value.details, copier.asked) == (said[0], {"name": "daily"}, [])


async def test_a_disk_that_the_snapshot_has_not(copier: Copier) -> None:
    for disks in (("root", "mine"), ("root",)):
        with pytest.raises(NoSuchDevice, match=r"snapshot daily has no disks\[other\]"):
            await copier.desk(WEB, taken(*disks)).exports.of_snapshot("daily", "other", stays)


def data(**status: Any) -> Disk:
    return resource(Disk, "data", {"size": "1Gi"}, **{"host": "local", "path": "/data.raw", "format": "raw", **status})


@pytest.mark.parametrize(
    ("attached", "machines", "copied"),
    [
        (None, [], ("file", "/data.raw", "raw")),
        ("web", [WEB], ("domain", LIBVIRT, "uuid-web", "mine", "")),
        # The domain still has it, though the spec names it no more: then its path tells which it is.
        ("web", [resource(VirtualMachine, "web", host="local", domainUuid="uuid-web")],
         ("domain", LIBVIRT, "uuid-web", "/data.raw", "")),
    ],
)  # fmt: skip
async def test_a_disk_of_its_own(
    copier: Copier, attached: str | None, machines: list[VirtualMachine], copied: tuple[str, ...]
) -> None:
    made = await copier.desk(data(attachedTo=attached), *machines).exports.of_disk("data", stays)
    assert made.name == "data.qcow2" and copier.asked == [copied]


@pytest.mark.parametrize(
    ("disk", "said"),
    [
        (resource(Disk, "data", {"size": "1Gi"}), ("not_there", "is not there yet")),
        (data(path=None), ("not_there", "is not there yet")),
        (data(format=None), ("not_there", "is not there yet")),
        (data(attachedTo="gone"), ("busy", "with gone, which is no machine of this namespace")),
    ],
)
async def test_a_disk_of_its_own_that_is_not_copied(copier: Copier, disk: Disk, said: tuple[str, str]) -> None:
    with pytest.raises(ExportRefused, match=said[1]) as refused:
        await copier.desk(disk).exports.of_disk("data", stays)
    assert (refused.value.why, refused.value.details, copier.asked) == (said[0], {"name": "data"}, [])


async def test_disks_of_a_host_that_nobody_serves_here(copier: Copier) -> None:
    desk = copier.desk(data(host="far"), clustered=True)
    with pytest.raises(ExportRefused, match="data is on host far, which no operator serves"):
        await desk.exports.of_disk("data", stays)
    assert copier.asked == []


async def test_only_so_many_at_once(copier: Copier) -> None:
    copies = copier.desk(data(), max_exports=2).exports
    first, second = await copies.of_disk("data", stays), await copies.of_disk("data", stays)
    with pytest.raises(ExportRefused, match="2 copies are being made or sent, and this server allows 2") as refused:
        await copies.of_disk("data", stays)
    assert (refused.value.why, refused.value.details) == ("limit", {})
    first.close()
    third = await copies.of_disk("data", stays)
    assert await content(third) == await content(second)
    second.close(), third.close(), third.close()
    copier.error = DriverError("it broke")
    for _ in range(3):  # what failed takes no place
        with pytest.raises(ExportRefused, match="it broke"):
            await copies.of_disk("data", stays)


async def test_one_that_is_being_made_counts(copier: Copier) -> None:
    desk = copier.desk(data(), max_exports=1)
    desk._shared.copies.making = 1
    with pytest.raises(ExportRefused, match="1 copies"):
        await desk.exports.of_disk("data", stays)


@pytest.mark.parametrize("after", range(3))  # before it is begun, while it is made, and while it is read
async def test_nothing_is_made_for_who_has_gone(copier: Copier, after: int) -> None:
    asked = iter([False] * after + [True] * 9)
    desk = copier.desk(data(), max_exports=1)
    with pytest.raises(Abandoned):
        await desk.exports.of_disk("data", lambda: next(asked))
    assert len(copier.asked) == (after > 0) and desk._shared.copies.count == 0
    assert list((copier.folder / "exports").glob("*/*")) == []


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (NoSpace("it broke"), "no_space"),
        (ResourceInUse("it broke"), "busy"),
        (Refused("it broke"), "refused"),
        (DriverError("it broke"), "failed"),
    ],
)
async def test_why_no_copy_was_made(copier: Copier, error: DriverError, why: str) -> None:
    copier.error = error
    with pytest.raises(ExportRefused, match=r"^it broke$") as refused:
        await copier.desk(data()).exports.of_disk("data", stays)
    assert (refused.value.why, refused.value.details) == (why, {"name": "data"})


def test_what_a_killed_server_left_goes_as_the_next_one_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(exports, "sweep_exports", swept.append)
    service = Written().service(tmp_path)
    assert swept == [tmp_path]
    assert service.house.exports and len(swept) == 1, "only then"
