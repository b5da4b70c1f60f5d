"""A replica whose host is lost for good has no document: its deployment lets it go, and the rollout goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.store.files.hosts import read_hosts, write_hosts
from tests.libvirt.spread import SMALL, Spread, spread

LARGER = {"resources": {"memory": "80Mi"}}


async def rolled_over_a_lost_host(site: Spread) -> str:
    """Returns the replica that was on host b, which is lost, and that waits to go."""
    site.write("VirtualMachineDeployment", "d", {"replicas": 2, "template": {"spec": SMALL}})
    site.start()
    await site.until(lambda: site.ready("d-1", "d-2"), "both are ready")
    ((lost,),) = (found for host, found in site.domains().items() if host == "b")
    await site.stop()
    write_hosts(site.store.state, {name: host for name, host in read_hosts(site.store.state).items() if name != "b"})
    site.served = ["a"]
    site.start()
    site.write("VirtualMachineDeployment", "d", {"replicas": 2, "template": {"spec": LARGER}})
    await site.until(lambda: f"annotate its deployment d with {ABANDON}=true" in site.message(lost), "it says what to do")
    return lost


async def test_the_annotation_of_its_deployment_lets_it_go(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        lost = await rolled_over_a_lost_host(site)
        asks = {ABANDON: "true"}
        site.write("VirtualMachineDeployment", "d", {"replicas": 2, "template": {"spec": LARGER}}, annotations=asks)
        await site.until(lambda: site.placed(lost) == "a" and site.ready("d-1", "d-2"), "the rollout ends on the other host")
        await site.until(lambda: site.domains() == {"a": ["d-1", "d-2"], "b": [lost]}, "only the lost host has what it had")
        assert all((vm := site.machine(name)) and vm.spec.resources.memory == 80 * 2**20 for name in ("d-1", "d-2"))


async def test_it_waits_while_its_host_is_served_and_away(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        asks = {ABANDON: "true"}
        site.write("VirtualMachineDeployment", "d", {"replicas": 2, "template": {"spec": SMALL}}, annotations=asks)
        site.start()
        await site.until(lambda: site.ready("d-1", "d-2"), "both are ready")
        ((there,),) = (found for host, found in site.domains().items() if host == "b")
        site.all["b"]._facts = replace(site.all["b"].facts, reachable=False, error="the link is cut")
        site.operator.hosts["b"].look_at_all()
        await site.until(lambda: site.message(there) == "the link is cut", "it is not known any more")
        await site.until(lambda: site.condition("b", "Schedulable", "Host").status == "False", "and nothing goes there")  # type: ignore[union-attr]
        site.write("VirtualMachineDeployment", "d", {"replicas": 2, "template": {"spec": LARGER}}, annotations=asks)
        await site.until(lambda: "served no more, and annotate its deployment d" in site.message(there), "it says what to do")
        machine = site.machine(there)
        assert machine is not None and machine.deleting and site.placed(there) == "b"
