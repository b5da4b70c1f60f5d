"""A folder's machines over several hosts without Kubernetes: each on one host, whatever happens to operators and index."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from homeostat.assembly.standalone import standalone
from homeostat.models.base import Key
from homeostat.models.host import Host
from homeostat.models.machine import MachineState, VirtualMachine
from homeostat.planner.machine.removal.teardown import ABANDON
from homeostat.runtime.machine.orphans import machine_to_delete
from homeostat.store.errors import StateError
from homeostat.store.files.hosts import read_hosts
from tests.libvirt.hosts import isolated_uri
from tests.libvirt.spread import SMALL, Spread, handle, spread

PLUGIN = {"version": "1", "rootfs": {"path": "/nowhere.qcow2"}}  # a folder that holds nothing at all is held


async def test_each_goes_to_the_host_that_it_asks_for(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.vm("two", "b")
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        assert site.domains() == {"a": ["one"], "b": ["two"]}
        assert (site.placed("one"), site.placed("two")) == ("a", "b")
        assert site.ready("a", "b", kind="Host")
        await site.until(lambda: site.counted("a") == site.counted("b") == 1, "both hosts tell of their machine")


async def test_a_restart_finds_each_where_it_is(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        for number in range(6):
            site.vm(f"m{number}")
        site.start()
        names = [f"m{number}" for number in range(6)]
        await site.until(lambda: site.ready(*names), "all are ready")
        before, runs = site.domains(), site.runs()
        assert min(map(len, before.values())) >= 2
        await site.cut()
        site.start()
        await site.until(lambda: set(names) <= {key.name for key in site.operator.looked_at}, "all were looked at")
        assert site.domains() == before and site.runs() == runs


async def test_a_host_that_is_not_served_any_more_keeps_its_machines(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.vm("two", "b")
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        runs = site.runs()
        await site.stop()
        site.served = ["a"]
        site.start()
        await site.until(lambda: "no operator serves host b" in site.message("two"), "what is on b is not known any more")
        assert "give `homeostat up` --host b=URI" in site.message("b", kind="Host")
        site.vm("three")
        await site.until(lambda: site.ready("three"), "a new one is ready")
        assert site.placed("three") == "a" and site.runs().items() >= runs.items()
        await site.stop()
        site.served = ["a", "b"]
        site.start()
        await site.until(lambda: site.ready("two", "three"), "it is known again")
        assert site.runs().items() >= runs.items()


async def test_documents_of_hosts(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Host", "a", {}, labels={"disk": "ssd"})
        site.write("Host", "c", {}, labels={"disk": "nvme"})
        site.vm("fast", hostSelector={"disk": "ssd"})
        site.vm("faster", hostSelector={"disk": "nvme"})
        site.start()
        await site.until(lambda: site.ready("fast"), "one host has the label")
        assert site.placed("fast") == "a"
        await site.until(lambda: "give `homeostat up` --host c=URI" in site.message("c", kind="Host"), "c says who is missing")
        await site.until(lambda: "c is not served by any operator" in site.message("faster"), "so does the machine")
        assert Key(VirtualMachine.KIND, "default", "faster") in site.operator.looked_at, "its status is of this run"
        site.write("Host", "b", {}, labels={"disk": "nvme"})  # it was made without a document before
        await site.until(lambda: site.ready("faster"), "b has the label now")
        assert site.placed("faster") == "b" and not site.store.errors()
        site.write("Host", "a", {"maintenance": True}, labels={"disk": "ssd"})
        await site.until(lambda: site.condition("a", "Schedulable", "Host").reason == "Maintenance", "a takes no more")  # type: ignore[union-attr]
        site.vm("more", hostSelector={"disk": "ssd"})
        await site.until(lambda: "a is in maintenance" in site.message("more"), "which it says")
        assert site.ready("fast")


async def test_a_host_that_was_made_becomes_a_document_when_it_is_applied(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.start()
        await site.until(lambda: site.ready("a", "b", kind="Host"), "both are there, and no document declares them")
        labelled = Host.model_validate({"metadata": {"name": "a", "labels": {"disk": "ssd"}}})
        site.store.apply(labelled, "cli")
        assert "disk: ssd" in (site.folder / "hosts/a.yaml").read_text()
        site.vm("fast", hostSelector={"disk": "ssd"})
        await site.until(lambda: site.ready("fast"), "it has its label")
        assert site.placed("fast") == "a"
        await site.lose_index()
        site.start()
        await site.until(lambda: site.ready("fast"), "the label is not lost with the index")


async def test_one_host_does_not_take_over_what_is_on_several(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.start()
        await site.until(lambda: site.ready("one"), "it is ready")
        await site.stop()
        site.store.close()
        with pytest.raises(StateError, match="are on the hosts a, and would be made a second time here"):
            async with standalone(site.folder, site.state, isolated_uri(tmp_path)):
                pass


async def test_a_host_whose_document_goes_keeps_what_it_has(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Host", "a", {})
        site.vm("one", "a")
        site.start()
        await site.until(lambda: site.ready("one"), "it is ready")
        runs = site.runs()
        site.remove("a")
        await site.until(lambda: (host := site.host("a")) is not None and host.deleting, "the host is being deleted")
        site.vm("two")
        await site.until(lambda: site.ready("two"), "another is ready")
        assert site.placed("two") == "b" and site.runs().items() >= runs.items() and site.ready("one")
        site.remove("one")
        await site.until(lambda: site.host("a") is None, "it goes with its last machine")
        assert site.domains() == {"a": [], "b": ["two"]}


async def test_machines_go_where_they_are(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Plugin", "stays", PLUGIN)
        site.vm("one", "a", disks=[{"name": "root", "size": "1Mi"}])
        site.vm("two", "b", disks=[{"name": "root", "size": "1Mi"}])
        site.write("VirtualMachineDeployment", "web", {"replicas": 4, "template": {"spec": SMALL}})
        site.start()
        await site.until(lambda: site.ready("one", "two", "web-1", "web-2", "web-3", "web-4"), "all are ready")
        assert min(map(len, site.domains().values())) >= 2, site.domains()
        for name in ("one", "two", "web"):
            site.remove(name)
        await site.until(lambda: site.domains() == {"a": [], "b": []}, "all are gone")
        await site.until(lambda: not site.store.rows("VirtualMachine"), "and nothing is left of them")
        assert len(await site.all["a"].trash()) == 2  # of either host, since both have one folder


async def test_one_that_goes_before_it_was_placed(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Plugin", "stays", PLUGIN)
        site.vm("picky", hostSelector={"disk": "ssd"})
        site.start()
        await site.until(lambda: "lacks the label disk=ssd" in site.message("picky"), "no host takes it")
        site.remove("picky")
        await site.until(lambda: site.machine("picky") is None, "it is gone")
        assert site.domains() == {"a": [], "b": []}


async def test_down_says_what_it_could_not_take_away(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        for name, host in (("one", "a"), ("two", "b"), ("both", "a")):
            site.vm(name, host)
        site.start()
        await site.until(lambda: site.ready("one", "two", "both"), "all are ready")
        await site.lose_index()
        handle(site, "b").defineXML(handle(site, "a").lookupByName("both").XMLDesc())
        await site.until(lambda: site.domains()["b"] == ["both", "two"], "it is on both")
        site.start(teardown=True)
        await site.ended()
        stays = {name: site.operator.stays(machine) for name in ("one", "two", "both") if (machine := site.machine(name))}
        assert (stays["one"], stays["two"]) == ("", "") and "its domain is on hosts a and b" in stays["both"]
        assert site.domains() == {"a": ["both"], "b": ["both"]}


async def test_down_takes_all_away_and_frees_their_places(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.vm("two", "b")
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        await site.lose_index()
        site.start(teardown=True)
        await site.ended()
        assert site.domains() == {"a": [], "b": []}
        for name in ("one", "two"):
            machine = site.machine(name)
            assert machine is not None and machine.status is not None and machine.status.state is MachineState.PENDING


async def test_a_machine_is_never_made_where_another_host_has_it(tmp_path: Path) -> None:
    """As after a finalizer was set by hand in the index."""
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.start()
        await site.until(lambda: site.ready("one"), "it is ready")
        machine = site.machine("one")
        assert machine is not None
        await site.cut()
        site.store.displace(machine.key)
        assert await site.store.place(machine.key, machine.metadata.uid, "b")
        site.start()
        await site.until(lambda: site.condition("one").reason == "OnAnotherHost", "it says so")  # type: ignore[union-attr]
        assert site.domains() == {"a": ["one"], "b": []}


async def test_what_the_operator_is_not_started_with(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.store.state.remember_libvirt("qemu:///system")
        folder = site.state / "machines/default/one"
        folder.mkdir(parents=True)
        (folder / "created").touch()
        with pytest.raises(StateError, match="are on qemu:///system, which no --host names: add --host NAME=qemu:///system"):
            site.start()
        (folder / "created").unlink()
        site.vm("one", "a")
        site.start()
        await site.until(lambda: site.ready("one"), "it is ready")
        assert read_hosts(site.store.state)["a"].used and not read_hosts(site.store.state)["b"].used
        await site.stop()
        site.all["a"], site.all["b"] = site.all["b"], site.all["a"]
        with pytest.raises(StateError, match="give that another name, or, if it is the same host under a new address"):
            site.start()


async def test_one_that_was_given_up_is_not_made_elsewhere_when_it_comes_back(tmp_path: Path) -> None:
    """Its domain runs on, and it would be a second one: in a folder, who comes back is the same machine."""
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        bound = {**SMALL, "hostSelector": {"kubernetes.io/hostname": "b"}}
        site.write("VirtualMachine", "two", bound, annotations={ABANDON: "true"})
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        assert site.placed("two") == "b"
        await site.stop()
        site.served = ["a"]
        site.start()
        await site.until(lambda: "no operator serves host b" in site.message("two"), "b is not served")
        site.remove("two")
        await site.until(lambda: site.machine("two") is None, "it is let go")
        site.vm("two")
        await site.until(lambda: "no operator serves host b" in site.message("two"), "it waits for b again")
        assert site.domains() == {"a": ["one"], "b": ["two"]} and site.placed("two") == "b"
        await site.stop()
        site.served = ["a", "b"]
        site.start()
        await site.until(lambda: site.ready("one", "two"), "it is found there")


async def test_a_deployment_is_spread_and_rolled_out(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        spec = {"replicas": 4, "template": {"spec": SMALL}}
        site.write("VirtualMachineDeployment", "web", spec)
        site.start()
        names = [f"web-{number}" for number in range(1, 5)]
        await site.until(lambda: site.ready(*names), "all are ready")
        assert [len(found) for found in site.domains().values()] == [2, 2]
        site.write("VirtualMachineDeployment", "web", {**spec, "template": {"spec": {"resources": {"memory": "80Mi"}}}})

        def renewed() -> bool:
            row = site.store.index.row(Key("VirtualMachineDeployment", "default", "web"))
            status = json.loads(row.status or "{}") if row else {}
            return bool(status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas") == 4)

        await site.until(renewed, "all are new")
        await site.until(lambda: sum(map(len, site.domains().values())) == 4, "the former ones are gone")


async def test_every_task_dies_once(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.vm("two", "b")
        site.start(faults="*:0.2")
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        supervisor = site.operator.supervisor
        tasks = ("folder", "job a", "job b", "job controller")
        await site.until(lambda: all(supervisor.deaths(task) for task in tasks), "each died once")
        site.vm("three")
        await site.until(lambda: site.ready("three"), "another is ready")
        site.remove("two")
        await site.until(lambda: site.machine("two") is None, "and one is gone")
        assert site.domains()["b"] in ([], ["three"])


@pytest.mark.parametrize("seed", range(2))
async def test_operators_are_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    chance, names = random.Random(seed), [f"m{number}" for number in range(8)]
    async with spread(tmp_path) as site:
        site.write("Plugin", "stays", PLUGIN)
        for name in names:
            site.vm(name)
        for _ in range(12):
            site.start()
            await asyncio.sleep(chance.uniform(0.0, 0.6))
            name = chance.choice(names)
            if (site.folder / f"{name}.yaml").exists():
                site.remove(name)
            else:
                site.vm(name)
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            await (site.lose_index() if chance.random() < 0.3 else site.cut())
            assert len(everywhere(site)) == len(set(everywhere(site))), site.domains()
        for name in names:
            site.vm(name)
        site.start()
        await site.until(lambda: site.ready(*names), "all are ready in the end")
        assert sorted(everywhere(site)) == names


def everywhere(site: Spread) -> list[str]:
    return [name for found in site.domains().values() for name in found]


async def test_what_nothing_declares_is_reported_by_one_host_and_can_be_deleted_there(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Plugin", "stays", PLUGIN)
        site.vm("kept", "b", reclaimPolicy="Retain", disks=[{"name": "root", "size": "1Mi"}])
        site.vm("lost", "b", disks=[{"name": "root", "size": "1Mi"}])
        site.start()
        await site.until(lambda: site.ready("kept", "lost"), "both are ready")
        site.remove("kept")
        await site.until(lambda: site.machine("kept") is None, "one is gone, and its disk stays")
        await site.lose_index()
        site.remove("lost")
        site.start()

        def orphans() -> dict[str, list[tuple[str, str]]]:
            return {host: [(o.name, o.domain) for o in found] for host, found in site.store.all_orphans().items() if found}

        await site.until(lambda: orphans() == {"a": [("kept", "")], "b": [("lost", "lost")]}, "each is reported once")
        (orphan,) = site.store.all_orphans()["b"]
        assert site.store.take_up(machine_to_delete(orphan, keep_disks=False))
        await site.until(lambda: site.machine("lost") is None and site.domains()["b"] == [], "it is deleted where it is")
        assert [entry.name for entry in await site.all["a"].trash()] == ["lost"]


async def test_an_address_in_a_document_is_not_used_and_an_event_says_so(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Host", "a", {"uri": "qemu+ssh://elsewhere.example.org/system"})
        site.start()
        await site.until(lambda: site.ready("a", kind="Host"), "it is served by --host")
        await site.until(lambda: bool(site.store.events(0, Key("Host", "default", "a"))), "it is told")
        events = site.store.events(0, Key("Host", "default", "a"))
        assert [(event.reason, "as --host says" in event.message) for event in events] == [("AddressNotUsed", True)]


async def test_what_may_be_on_a_host_that_was_not_asked_is_no_orphan_of_another(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Plugin", "stays", PLUGIN)
        site.vm("lost", "b", disks=[{"name": "root", "size": "1Mi"}])
        site.vm("kept", "b", reclaimPolicy="Retain", disks=[{"name": "root", "size": "1Mi"}])
        site.start()
        await site.until(lambda: site.ready("lost", "kept"), "both are ready")
        site.remove("kept")
        await site.until(lambda: site.machine("kept") is None, "one is gone, and its disk stays")
        await site.lose_index()
        site.remove("lost")
        site.start()

        def orphans() -> dict[str, list[tuple[str, str]]]:
            return {host: [(o.name, o.domain) for o in found] for host, found in site.store.all_orphans().items() if found}

        told = {"a": [("kept", "")], "b": [("lost", "lost")]}
        await site.until(lambda: orphans() == told, "each is reported once")
        await site.stop()
        site.served = ["a"]
        site.start()
        await site.until(site.operator.hosts["a"]._orphans, "a has looked")
        assert orphans() == told
        await site.stop()
        hosts = json.loads(site.store.state.hosts_file.read_text())
        site.store.state.hosts_file.write_text(json.dumps({"a": hosts["a"]}))
        site.start()
        await site.until(lambda: len(site.operator.hosts["a"]._orphans()) == 2, "a has looked, and b is no more")
        assert orphans() == told
