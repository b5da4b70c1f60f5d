"""CHAOS 3, invariant 6: kill -9 of libvirtd at one step of a rollout after the other; as many real guests serve as have to, all
the time, whatever is known of them meanwhile."""

from __future__ import annotations

import threading
from contextlib import suppress

from tests.e2e.deployed import LONG, Observer, deploy, remains, replicas, revisions, served, status, wait_settled
from tests.e2e.homeostat import Homeostat, Spec
from tests.e2e.nursery import Nursery

AWAY = 1.5  # seconds that libvirtd is away
LONG_AWAY = 6.0  # as it was found with; longer than the probes take to give a guest up, and than the grace period
# web-3 comes and stands in; web-2 goes and comes again; then web-1 does; and web-3 goes.
STEPS = (
    *("after:CreateMachine", "before:DefineDomain", "after:StartDomain"),
    *("after:DeleteMachine", "after:ShutdownDomain", "before:UndefineDomain", "before:StartDomain"),
    *("after:ShutdownDomain", "after:StartDomain"),
    "after:DeleteMachine",
)
LAST_OLD_ONE_IS_GOING = 7  # of these


def deaf(town: Homeostat, page: str) -> Spec:
    """To the power button: it serves on until its power is cut. Its agent would have libvirt wait for a minute."""
    return served(town, page, "printf '#!/bin/sh\\n' > /etc/acpi/PWRF/00000080", guestAgent={"enabled": False})


def test_chaos_3_a_rollout_goes_on_and_takes_nobody_who_serves(town: Homeostat) -> None:
    nursery = Nursery(town.root / "nursery.log")
    where, daemon = (town.folder, town.state, town.rig.uri), town.rig.directory / "libvirtd.pid"
    try:
        deploy(town, 2, deaf(town, "one"))
        nursery.start(*where)
        wait_settled(town, 2, "one")
        assert nursery.stop() == 0

        deploy(town, 2, deaf(town, "two"))
        with Observer(town) as seen:
            nursery.start(*where, strikes=(daemon, STEPS))
            for number, step in enumerate(STEPS):
                town.wait_for(lambda: town.rig.pid is None, f"libvirtd dies {step}", LONG)
                threading.Event().wait(LONG_AWAY if number == LAST_OLD_ONE_IS_GOING else AWAY)
                with suppress(RuntimeError, AssertionError):  # it may be killed again before it has said a word
                    town.rig.start()
                assert seen.least >= 2, f"too few served when libvirtd died {step}"
            wait_settled(town, 2, "two")
        assert seen.least == 2, "maxUnavailable: 0"
        assert remains(town)["domains"] == ["web-1", "web-2"] == list(replicas(town))
        assert status(town).revision == 2 and all(r.spec.succeeded for r in revisions(town).values())
        assert nursery.stop() == 0
    finally:
        nursery.close()
