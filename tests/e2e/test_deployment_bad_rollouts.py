"""Bad templates on real guests, with autoRollback: each ends on the last good revision, says why, and what serves goes on serving
wherever the new template is not what it is served by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.deployed import LONG, Observer, condition, deploy, deployment, events, revisions, served, wait_settled
from tests.e2e.homeostat import Homeostat, Spec
from tests.rig.guest import GuestImage
from tests.rig.libvirtd import Libvirtd


@pytest.fixture(scope="module")
def good(libvirtd: Libvirtd, guest_image: GuestImage) -> Iterator[Homeostat]:
    """Two replicas that serve ``good``, on a revision that is proven."""
    town = Homeostat(libvirtd, guest_image)
    try:
        deploy(town, 2, served(town, "good"))
        town.start()
        wait_settled(town, 2, "good")
        yield town
    finally:
        town.close()


def given_up(town: Homeostat, template: Spec, deadline: int, **spec: Any) -> str:
    """Rolls the template out, waits until that was undone, and returns the reason that is told."""
    before = events(town).count("RolledBack")
    deploy(town, 2, template, autoRollback=True, progressDeadlineSeconds=deadline, **spec)
    town.wait_for(lambda: events(town).count("RolledBack") > before, "it is given up", LONG)
    wait_settled(town, 2, "good", "RolledBack")
    ready, newest = condition(town, "Ready"), max(revisions(town).values(), key=lambda r: r.spec.revision)
    assert ready is not None and ready.message == newest.spec.failed
    assert sorted(town.virsh("list", "--name").split()) == ["web-1", "web-2"]
    return newest.spec.failed


@pytest.mark.parametrize("image", ["missing", "wrong"])
def test_an_image_that_never_boots(good: Homeostat, image: str) -> None:
    assert good.image is not None
    digest = hashlib.sha256(good.image.base.read_bytes()).hexdigest()
    wrong = {"path": str(good.image.base), "sha256": digest[::-1]}
    missing = {"url": "http://127.0.0.1:9/no-such-image.qcow2"}
    disks = [{"name": "root", "image": wrong if image == "wrong" else missing}]
    with Observer(good) as seen:
        said = given_up(good, served(good, "bad", disks=disks), 4)
    assert (seen.least, seen.least_reported) == (2, 2)
    assert "no progress for 4 s" in said
    assert "web-3" not in good.virsh("list", "--all", "--name").split()


def test_a_guest_that_boots_and_is_never_healthy(good: Homeostat) -> None:
    probes = {"readiness": {"httpGet": {"port": 81}, "periodSeconds": 1}}
    with Observer(good) as seen:
        said = given_up(good, served(good, "bad", probes=probes), 12)
    assert (seen.least, seen.least_reported) == (2, 2)
    assert "no progress for 12 s" in said


def test_a_guest_that_is_healthy_for_a_while(good: Homeostat) -> None:
    """Its web server ends some seconds after it was up. That takes a replica away which the new template itself brought."""
    fades = served(good, "fades", "(sleep 14; killall httpd) </dev/null >/dev/null 2>&1 &")
    with Observer(good) as seen:
        said = given_up(good, fades, 30, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}})
    assert seen.looks > 10
    assert "lost its health" in said or "no progress" in said, said
    found = deployment(good)
    assert found is not None and found.spec.auto_rollback
