"""Bad templates on real guests, with autoRollback: each ends on the last good revision, says why, and takes nothing away from
those who ask for pages but what the new template itself had brought."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.e2e.deployed import LONG, Observer, condition, deploy, events, replicas, revisions, served, wait_settled
from tests.e2e.homeostat import Homeostat, Spec
from tests.rig.guest import GuestImage, fetch
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


def given_up(town: Homeostat, template: Spec, deadline: int, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Rolls the template out, waits until that was undone, and returns the reason that is told."""
    before = events(town).count("RolledBack")
    deploy(town, 2, template, autoRollback=True, progressDeadlineSeconds=deadline)
    meanwhile()
    town.wait_for(lambda: events(town).count("RolledBack") > before, "it is given up", LONG)
    wait_settled(town, 2, "good", "RolledBack")
    assert events(town).count("RolledBack") == before + 1, "once"
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
        said = given_up(good, served(good, "bad", probes=probes), 8)
    assert (seen.least, seen.least_reported) == (2, 2)
    assert "no progress for 8 s" in said


def test_a_guest_that_is_healthy_for_a_while(good: Homeostat) -> None:
    """Its web server ends once an old machine was given up for it. Of two, one is left: the old one that nobody touches then."""
    quit = "printf '#!/bin/sh\\nkillall httpd\\n' > /www/cgi-bin/quit; chmod +x /www/cgi-bin/quit"

    def fade() -> None:
        good.wait_for(lambda: "web-2" not in replicas(good), "web-2 is given up for web-3", LONG)
        assert (seen.least, seen.least_reported) == (2, 2)
        with suppress(OSError):
            fetch(good.wait_address("web-3"), "/cgi-bin/quit")

    with Observer(good) as seen:
        said = given_up(good, served(good, "fades", quit), 60, fade)
    assert seen.looks > 10
    assert seen.least >= 1 and seen.least_reported == 1, seen.then
    assert said.endswith("was given up: web-3 lost its health, and only 1 of 2 are available"), said
    assert good.count("web-1", "Started") == 1, "it served through all of this"
