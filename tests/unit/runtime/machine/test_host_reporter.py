"""A host tells of itself: what it has, how many machines are on it, and not at every one of them anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace

import pytest

from homeostat.models.base import Key
from homeostat.models.disk import Disk
from homeostat.models.host import Host, HostMeta, HostSpec, HostStatus
from homeostat.models.image import Image
from homeostat.models.machine import VirtualMachine
from homeostat.planner.actions import ImageRef
from homeostat.planner.observed import HostFacts, ImagePhase, ObservedImage, ObservedStorage
from homeostat.planner.orphans import Orphan, OrphansSeen
from homeostat.planner.placement import host_finalizer
from homeostat.runtime.engine.reconciler import GONE, Next
from homeostat.runtime.host import reconcile as hosts
from homeostat.runtime.host.reconcile import POLL_SECONDS, HostReporter, host_status
from tests.unit.operating import Shelf, WorldHost
from tests.unit.world import HOST

NODE = Host(metadata=HostMeta(name="node"), spec=HostSpec())
NOW = "2026-01-01T00:00:00Z"


def words(facts: HostFacts, host: Host = NODE, *orphans: Orphan) -> dict[str, tuple[str, str, str]]:
    return {
        c.type: (c.status, c.reason, c.message) for c in host_status(host, facts, 0, "op", NOW, OrphansSeen(orphans)).conditions
    }


def test_a_host_that_answers() -> None:
    found = words(HOST)
    assert found["Ready"][:2] == ("True", "Connected") and found["Schedulable"] == ("True", "Open", "")
    assert "Reconciling" not in found and "Orphaned" not in found


@pytest.mark.parametrize(
    ("facts", "kvm"),
    [
        (replace(HOST, kvm_usable=True), ("True", "Proven", "")),
        (HOST, ("False", "NotWorking", "machines run by emulation (TCG)")),
        (replace(HOST, domain_types=frozenset()), ("False", "NotOffered", "machines run by emulation (TCG)")),
    ],
)
def test_whether_it_has_kvm(facts: HostFacts, kvm: tuple[str, str, str]) -> None:
    assert kvm in words(facts).values()


def test_a_host_that_does_not() -> None:
    found = words(replace(HOST, reachable=False, error="the link is cut"))
    assert found["Ready"] == ("False", "HostUnreachable", "the link is cut")
    assert found["Reconciling"][0] == "True" and found["Schedulable"][:2] == ("False", "HostUnreachable")


def test_maintenance_and_deletion_close_it() -> None:
    closed = NODE.model_copy(update={"spec": NODE.spec.model_copy(update={"maintenance": True})})
    assert words(HOST, closed)["Schedulable"][:2] == ("False", "Maintenance")
    gone = closed.model_copy(update={"metadata": NODE.metadata.model_copy(update={"deletion_timestamp": NOW})})
    assert words(HOST, gone)["Schedulable"][:2] == ("False", "Terminating")


def test_orphans_are_named_five_at_most_and_kept_disks_are_none() -> None:
    alarming = [Orphan("default", f"o{n}", "running") for n in range(6)]
    kept = Orphan("default", "kept", "retained")
    five, six = (words(HOST, NODE, *found, kept)["Orphaned"][2] for found in (alarming[:5], alarming))
    assert "default/o4;" in five and "…" not in five and "kept" not in five
    assert six.startswith("6 belong to no object") and "default/o4 …" in six and "o5" not in six


async def test_it_reports_what_changed_and_not_at_once_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf, count, now = Shelf(NODE), [0], [1000.0]
    monkeypatch.setattr(hosts, "time", SimpleNamespace(monotonic=lambda: now[0]))
    reporter = HostReporter(shelf, WorldHost(), "node", "op", lambda: count[0])  # type: ignore[arg-type]

    def current() -> Host:
        found = shelf.resources[NODE.key]
        assert isinstance(found, Host)
        return found

    assert (await reporter.reconcile(current())).after == POLL_SECONDS
    assert current().status is not None and current().status.machines == 0 and len(shelf.statuses) == 1  # type: ignore[union-attr]
    count[0], now[0] = 5, now[0] + 0.5
    assert (await reporter.reconcile(current())).after == hosts.GATHER - 0.5 and len(shelf.statuses) == 1
    now[0] += hosts.GATHER
    await reporter.reconcile(current())
    assert current().status.machines == 5 and len(shelf.statuses) == 2  # type: ignore[union-attr]
    now[0] += 60
    await reporter.reconcile(current())
    assert len(shelf.statuses) == 2
    count[0] = 6
    assert (await reporter.reconcile(current())).after == POLL_SECONDS and len(shelf.statuses) == 3


async def test_it_tells_which_disks_stay_there_when_they_go() -> None:
    def disk(name: str, policy: str, host: str) -> Disk:
        meta = {"name": name, "finalizers": [host_finalizer(host)] if host else []}
        return Disk.model_validate({"metadata": meta, "spec": {"size": "1Mi", "reclaimPolicy": policy}})

    known = [
        disk("goes", "Delete", "node"),
        disk("stays", "Retain", "node"),
        disk("again", "Delete", ""),
        disk("far", "Delete", "x"),
    ]
    there = [f"default/{name}" for name in ("went", "stays", "goes", "far", "again")]

    async def found() -> list[str]:
        return there

    async def fails() -> list[str]:
        raise OSError("no such disk")

    shelf = Shelf(NODE, *known)
    reporter = HostReporter(shelf, WorldHost(), "node", "op", lambda: 0, disks=found)  # type: ignore[arg-type]
    await reporter.reconcile(NODE)
    told = shelf.resources[NODE.key]
    assert isinstance(told, Host) and told.status is not None
    assert told.status.keeps == ("default/again", "default/far", "default/stays", "default/went")
    assert reporter.woken_by(known[0].key) == (NODE.key,) and reporter.woken_by(NODE.key) == ()
    await HostReporter(shelf, WorldHost(), "node", "another", lambda: 0, disks=fails).reconcile(told)  # type: ignore[arg-type]
    after = shelf.resources[NODE.key]
    assert isinstance(after, Host) and after.status is not None
    assert (after.status.operator, after.status.keeps) == ("another", told.status.keeps), "what cannot be known stays as it was"


async def test_it_looks_after_its_own_host_alone_and_hears_of_machines() -> None:
    reporter = HostReporter(Shelf(), WorldHost(), "other", "op", lambda: 0)  # type: ignore[arg-type]
    assert await reporter.reconcile(NODE) is GONE
    assert reporter.woken_by(Key(VirtualMachine.KIND, "default", "web")) == (Key(Host.KIND, "default", "other"),)
    assert reporter.woken_by(NODE.key) == reporter.woken_by(Key(Disk.KIND, "default", "data")) == ()


@pytest.mark.parametrize("phase", [ImagePhase.READY, ImagePhase.FAILED])
async def test_it_tells_which_images_were_uploaded_there(phase: ImagePhase, monkeypatch: pytest.MonkeyPatch) -> None:
    def image(name: str, **source: object) -> Image:
        return Image.model_validate({"metadata": {"name": name}, "spec": {"source": source}})

    up, asked = image("up", upload={}, sha256="a" * 64), list[ImageRef]()
    others = [image("open", upload={}), image("far", url="https://images.example/base.img", sha256="b" * 64)]
    shelf, host = Shelf(NODE, up, *others), WorldHost()

    async def storage(images: Sequence[ImageRef], *_: object) -> ObservedStorage:
        asked.extend(images)
        return ObservedStorage(images={ref.key: ObservedImage(phase, "/image", "raw") for ref in images})

    monkeypatch.setattr(host, "storage", storage)
    await HostReporter(shelf, host, "node", "op", lambda: 0).reconcile(NODE)  # type: ignore[arg-type]
    found = shelf.resources[NODE.key]
    assert isinstance(found, Host) and found.status is not None
    assert found.status.uploads == (("a" * 64,) if phase is ImagePhase.READY else ()) and len(asked) == 1
    kept = host_status(found, HOST, 0, "op", NOW, uploads=None).uploads
    assert kept == found.status.uploads, "what cannot be known now stays as it was"


async def test_one_whose_address_was_changed_is_reported_by_whoever_serves_it_there() -> None:
    """Else its status would say of the new address what holds of the old one."""
    shelf = Shelf(NODE)
    reporter = HostReporter(shelf, WorldHost(), "node", "op", lambda: 0, is_here=lambda host: host.spec.uri is None)  # type: ignore[arg-type]
    moved = NODE.model_copy(update={"spec": NODE.spec.model_copy(update={"uri": "qemu+ssh://h/system"})})
    assert await reporter.reconcile(moved) == Next(hosts.GATHER)
    assert shelf.resources[NODE.key] == NODE
    await reporter.reconcile(NODE)
    assert shelf.resources[NODE.key] != NODE


async def test_orphans_stay_as_they_were_until_they_were_looked_for() -> None:
    known = HostStatus(orphaned=("1",), orphans_known=True)
    before = NODE.model_copy(update={"status": known})
    shelf = Shelf(before)
    unknown = OrphansSeen(known=False)
    reporter = HostReporter(shelf, WorldHost(), "node", "op", lambda: 0, lambda: unknown, place="here")  # type: ignore[arg-type]
    await reporter.reconcile(before)
    found = shelf.resources[NODE.key].status
    assert isinstance(found, HostStatus)
    assert (found.orphaned, found.orphans_known, found.place) == (("1",), False, "here")
