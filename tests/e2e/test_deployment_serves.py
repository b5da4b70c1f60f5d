"""A deployment of real guests scales, and is rolled out while somebody asks for its pages all the time."""

from __future__ import annotations

import os
import signal

from tests.e2e.deployed import LONG, Observer, deploy, revisions, served, status, wait_settled
from tests.e2e.homeostat import Homeostat


def test_scaled_and_rolled_out(town: Homeostat) -> None:
    deploy(town, 1, served(town, "one"))
    town.start()
    wait_settled(town, 1, "one")
    deploy(town, 2, served(town, "one"))
    wait_settled(town, 2, "one")

    with Observer(town) as seen:
        deploy(town, 2, served(town, "two"))
        # The spare that stands in is killed as soon as it runs: it comes back, and nobody goes before it serves.
        town.wait_for(lambda: town.state_of("web-3") == "running", "the spare runs", LONG)
        os.kill(town.qemu_pid("web-3"), signal.SIGKILL)
        wait_settled(town, 2, "two")
    assert seen.looks > 10
    assert (seen.least, seen.least_reported) == (2, 2), "maxUnavailable: 0"
    assert status(town).revision == 2 and all(r.spec.succeeded for r in revisions(town).values())
    assert town.state_of("web-3") == "", "the spare went, with its domain"

    deploy(town, 1, served(town, "two"))
    wait_settled(town, 1, "two")
    assert town.state_of("web-2") == "", "the highest went, with its domain"
