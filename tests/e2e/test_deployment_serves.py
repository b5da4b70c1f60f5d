"""A deployment of real guests is rolled out while somebody asks for its pages all the time, and replicas of it are killed; and
one that is deleted in the middle of a rollout leaves nothing."""

from __future__ import annotations

import os
import signal

from tests.e2e.deployed import (
    LONG,
    WEB,
    Observer,
    deploy,
    deployment,
    remains,
    replicas,
    revisions,
    served,
    status,
    wait_settled,
)
from tests.e2e.homeostat import Homeostat, idle


def test_rolled_out_while_replicas_are_killed(town: Homeostat) -> None:
    """Then rolled out once more, and deleted in the middle of that."""
    deploy(town, 2, served(town, "one"))
    town.write("stay", idle(suspend=True))  # a folder that becomes empty deletes nothing
    town.start()
    wait_settled(town, 2, "one")

    with Observer(town) as seen:
        deploy(town, 2, served(town, "two"))
        # The spare that stands in is killed as soon as it runs: it comes back, and nobody goes before it serves.
        town.wait_for(lambda: town.state_of("web-3") == "running", "the spare runs", LONG)
        os.kill(town.qemu_pid("web-3"), signal.SIGKILL)
        town.wait_for(lambda: "web-2" not in replicas(town), "web-2 is replaced", LONG)
        assert seen.looks > 10
        assert (seen.least, seen.least_reported) == (2, 2), "maxUnavailable: 0"
        # Then the other old one, while of the new ones the spare alone is up: the rollout takes no more than that.
        os.kill(town.qemu_pid("web-1"), signal.SIGKILL)
        wait_settled(town, 2, "two")
    assert seen.least >= 1 and seen.least_reported == 1, f"the spare serves on; the operator said:\n{town.said()[-3000:]}"
    assert status(town).revision == 2 and all(r.spec.succeeded for r in revisions(town).values())
    assert town.state_of("web-3") == "", "the spare went, with its domain"

    deploy(town, 2, served(town, "three"))
    town.wait_for(lambda: town.state_of("web-3") == "running", "a rollout is under way", LONG)
    assert all(remains(town).values()), remains(town)
    town.remove(WEB)
    town.wait_for(lambda: deployment(town) is None, "the deployment is gone")
    assert not any(remains(town).values()), remains(town)
