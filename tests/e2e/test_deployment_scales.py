"""0 → 10 → 2 → 10 on real QEMU: the highest go first, holes are refilled under their names, and nothing is left over."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.models.deployment import VirtualMachineDeployment
from tests.e2e.deployed import LONG, WEB, condition, deploy, deployment, remains, replicas, status
from tests.e2e.homeostat import Homeostat, idle


def names(*indexes: int) -> list[str]:
    return [f"{WEB}-{index}" for index in indexes]


def scaled(town: Homeostat, count: int) -> None:
    """Each has a disk of its own and a seed; all are there, and there is nothing of others."""
    spec = idle(disks=[{"name": "data", "size": "1Mi"}], cloudInit={"userData": "#!/bin/sh\n"})
    deploy(town, count, spec)
    wanted = sorted(names(*range(1, count + 1)))

    def done() -> bool:
        found, ready = deployment(town), condition(town, "Ready")
        if found is None or ready is None or ready.status != "True" or found.spec.replicas != count:
            return False
        current = status(town).observed_generation == found.metadata.generation
        return current and status(town).ready_replicas == count and list(remains(town)["machines"]) == wanted

    town.wait_for(done, f"{count} run, and no other", LONG)
    left = {what: found for what, found in remains(town).items() if what != "revisions"}
    assert left == dict.fromkeys(left, wanted)
    assert all(town.state_of(name) == "running" for name in wanted)


def steps(town: Homeostat) -> list[str]:
    """What was made and removed, in order: "+web-1", "-web-2"."""
    signs = {"MachineCreated": "+", "MachineDeleted": "-"}
    told = town.store.events(0, Key(VirtualMachineDeployment.KIND, "default", WEB))
    return [signs[event.reason] + event.message.partition(":")[0] for event in told if event.reason in signs]


def test_up_down_and_up_again(town: Homeostat) -> None:
    town.written.update({name: {} for name in names(*range(1, 11))})  # to be cleared, whatever comes
    up = [f"+{name}" for name in names(*range(1, 11))]
    town.start()
    scaled(town, 0)
    scaled(town, 10)
    assert steps(town) == up
    uids = {name: machine.metadata.uid for name, machine in replicas(town).items()}
    runs = {name: town.status(name).run for name in names(1, 2)}

    scaled(town, 2)
    down = [f"-{name}" for name in names(*range(10, 2, -1))]
    assert steps(town) == up + down
    assert {name: town.status(name).run for name in names(1, 2)} == runs, "those that stay run on"

    gone = town.run("delete", "vm", "web-1")
    assert gone.returncode == 0, gone.stderr
    town.wait_for(lambda: town.status("web-1").run not in (None, runs["web-1"]), "the hole is refilled", LONG)
    scaled(town, 10)
    assert steps(town) == [*up, *down, "+web-1", *up[2:]]
    assert town.status("web-2").run == runs["web-2"]
    assert {name: machine.metadata.uid for name, machine in replicas(town).items()} == uids, "each under its own name"

    scaled(town, 0)
    assert deployment(town) is not None
