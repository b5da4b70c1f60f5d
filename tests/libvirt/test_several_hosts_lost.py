"""An index, hosts.json, or both are lost: nothing is made a second time, and nothing is taken from a guest elsewhere."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from homeostat.assembly.standalone import standalone
from homeostat.runtime.machine import orphans
from homeostat.store.errors import StateError
from homeostat.store.files.hosts import read_hosts
from tests.libvirt.hosts import isolated_uri
from tests.libvirt.spread import SMALL, Spread, handle, refusing, spread

PLUGIN = {"version": "1", "rootfs": {"path": "/nowhere.qcow2"}}  # a folder that holds nothing at all is held


async def test_an_index_that_is_lost_places_nothing_twice(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        names = [f"m{number}" for number in range(6)]
        for name in names:
            site.vm(name)
        site.write("VirtualMachineDeployment", "web", {"replicas": 3, "template": {"spec": SMALL}})
        names += ["web-1", "web-2", "web-3"]
        site.start()
        await site.until(lambda: site.ready(*names), "all are ready")
        before, runs = site.domains(), site.runs()
        await site.lose_index()
        site.start()
        await site.until(lambda: site.ready(*names), "all are ready again")
        assert site.domains() == before and site.runs() == runs


async def test_while_a_host_was_not_asked_nothing_is_placed(tmp_path: Path) -> None:
    """With a new index a machine may be on the host that cannot be asked."""
    async with spread(tmp_path) as site:
        site.vm("one", "a")
        site.vm("two", "b")
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        runs = site.runs()
        await site.lose_index()
        site.served = ["a"]
        (told,) = site.start()
        assert told.startswith("no --host names b (test://")
        await site.until(lambda: "it may be on host b, which no --host names" in site.message("two"), "it says why")
        await site.until(lambda: "hosts.json" in site.message("one"), "so does the other, which is on a")
        assert site.runs() == runs and site.placed("two") is None
        await site.cut()
        site.served = ["a", "b"]
        assert site.start() == []
        await site.until(lambda: site.ready("one", "two"), "both are ready again")
        assert site.runs() == runs and site.domains() == {"a": ["one"], "b": ["two"]}


async def test_a_deletion_goes_on_although_the_index_is_lost(tmp_path: Path, soon: None) -> None:
    async with spread(tmp_path) as site:
        site.vm("one", "b", shutdown={"gracePeriodSeconds": 3600}, disks=[{"name": "root", "size": "1Mi"}])
        site.vm("two", "a")
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        site.all["b"].execute = refusing(site.all["b"].execute)  # type: ignore[method-assign]
        site.remove("one")
        note = site.state / "machines/default/one/deleting.json"
        await site.until(note.exists, "its deletion has begun")
        await site.lose_index()
        del site.all["b"].execute
        assert site.domains()["b"] == ["one"]
        site.start()
        await site.until(lambda: site.domains() == {"a": ["two"], "b": []} and site.machine("one") is None, "it is gone")
        assert [entry.name for entry in await site.all["a"].trash()] == ["one"]


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orphans are looked for all the time."""
    for name in ("SETTLE", "GATHER", "AGAIN"):
        monkeypatch.setattr(orphans, name, 0.05)


@pytest.mark.parametrize("running", [True, False])
async def test_a_deletion_on_a_host_that_is_not_named_waits_although_all_is_lost(
    tmp_path: Path, soon: None, running: bool
) -> None:
    """Its guest may run there, on the disks that would be set aside."""
    async with spread(tmp_path) as site:
        site.vm("one", "b", shutdown={"gracePeriodSeconds": 3600}, disks=[{"name": "root", "size": "1Mi"}])
        site.vm("two", "a")
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        disk = site.state / "machines/default/one/root.qcow2"
        site.all["b"].execute = refusing(site.all["b"].execute)  # type: ignore[method-assign]
        site.remove("one")
        await site.until((site.state / "machines/default/one/deleting.json").exists, "its deletion has begun")
        await site.lose_index()
        del site.all["b"].execute
        (site.state / "hosts.json").unlink()
        if not running:  # nobody on host a can know
            domain = handle(site, "b").lookupByName("one")
            domain.destroy()
            domain.undefine()
            await site.until(lambda: not site.all["b"].domains(), "its domain is gone")
        site.served = ["a"]
        site.start()
        await site.until(lambda: [o.name for o in site.store.all_orphans().get("a", ())] == ["one"], "it is reported")
        await asyncio.sleep(1)
        assert site.machine("one") is None and disk.exists() and not await site.all["a"].trash()
        assert site.domains() == {"a": ["two"], "b": ["one"] if running else []}
        said = [event.message for event in site.store.events() if event.reason == "Orphaned"]
        assert len(said) == 1 and "give `homeostat up` --host b=URI among the others" in said[0], said
        await site.stop()
        site.served = ["a", "b"]
        site.start()
        await site.until(
            lambda: len(site.store.rows("VirtualMachine")) == 1 and not disk.exists(), "it goes on where it had begun"
        )
        assert site.domains() == {"a": ["two"], "b": []}
        assert [entry.name for entry in await site.all["a"].trash()] == ["one"]


async def test_a_new_index_makes_nothing_a_second_time_on_one_host(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.store.state.remember_libvirt(site.all["b"].facts.uri)  # it was one host before
        site.vm("one", "a")
        site.start()
        await site.until(lambda: site.ready("one"), "it is ready")
        await site.lose_index()
        site.store.close()
        (site.state / "hosts.json").unlink()
        for teardown in (False, True):
            with pytest.raises(
                StateError, match=r"may be elsewhere.*made a second time on test://.*name all of these with --host"
            ):
                async with standalone(site.folder, site.state, site.all["b"].facts.uri, teardown=teardown):
                    pass
        assert site.domains() == {"a": ["one"], "b": []}


async def test_an_index_of_several_hosts_makes_nothing_a_second_time_on_one_host(tmp_path: Path) -> None:
    """Also where its hosts were not asked yet, so that no machine is placed on them."""
    async with spread(tmp_path) as site:
        await both_used(site)
        await site.lose_index()
        site.served = ["a"]  # b is not asked: nothing is placed
        site.start()
        await site.until(lambda: "b, which no --host names" in site.message("two"), "what b has is not known")
        await site.stop()
        site.store.close()
        (site.state / "hosts.json").unlink()
        with pytest.raises(StateError, match=r"may be on the hosts that were served: a \(test://.*\), b \(test://"):
            async with standalone(site.folder, site.state, site.all["a"].facts.uri):
                pass
        site.start()
        await site.until(lambda: "b, which no --host names" in site.message("two"), "b is known, and still not asked")
        assert site.domains() == {"a": ["one"], "b": ["two"]}


@pytest.mark.parametrize("lost", [True, False], ids=["a new index", "its index"])
async def test_one_host_and_another_libvirt(tmp_path: Path, lost: bool) -> None:
    """Where the remembered libvirt is the same all is as it was; also where another is named and nothing was made."""
    folder, state, uri = tmp_path / "vms", tmp_path / "state", isolated_uri(tmp_path)
    document = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "one"}, "spec": SMALL}
    folder.mkdir()
    (folder / "one.yaml").write_text(yaml.safe_dump(document))
    for _ in range(2):
        async with standalone(folder, state, uri) as parts:
            assert parts.store.state.libvirt == uri
            parts.store.sync(settle=0)
            assert [row.name for row in parts.store.rows("VirtualMachine")] == ["one"]
        for path in state.glob("index.sqlite*") if lost else ():
            path.unlink()
        (state / "machines/default/one").mkdir(parents=True, exist_ok=True)
        (state / "machines/default/one/created").touch()
    with pytest.raises(StateError, match=f"are on {uri}, and would be made a second time on test:///default"):
        async with standalone(folder, state, "test:///default"):
            pass
    (state / "machines/default/one/created").unlink()
    async with standalone(folder, state, "test:///default") as parts:
        assert parts.store.state.libvirt == "test:///default"


async def both_used(site: Spread) -> None:
    site.vm("one", "a")
    site.vm("two", "b")
    site.start()
    await site.until(lambda: site.ready("one", "two"), "both are ready")
    await site.stop()


@pytest.mark.parametrize("lost", [None, "{}", '{"a": {"uri": "URI"}}'])
async def test_what_is_lost_of_the_file_of_hosts_is_known_from_the_index(tmp_path: Path, lost: str | None) -> None:
    """Also where a host was taken out of it for lost, and is back."""
    async with spread(tmp_path) as site:
        await both_used(site)
        file = site.store.state.hosts_file
        if lost is None:
            file.unlink()
        else:
            file.write_text(lost.replace("URI", site.all["a"].facts.uri))
        if lost and "uri" in lost:
            site.served = ["a"]
            site.start()
            await site.stop()
            site.served = ["a", "b"]
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        assert all(host.used for host in read_hosts(site.store.state).values())
        await site.lose_index()
        site.served = ["a"]
        assert "no --host names b" in site.start()[0]
        await site.until(lambda: "b, which no --host names" in site.message("two"), "what b has is not known")
        assert site.domains() == {"a": ["one"], "b": ["two"]}


async def test_addresses_are_known_from_the_index_where_the_file_of_hosts_is_lost(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await both_used(site)
        site.store.state.hosts_file.unlink()
        site.all["a"], site.all["b"] = site.all["b"], site.all["a"]
        with pytest.raises(StateError, match=r"host a was .*, where machines are, and is to be "):
            site.start()


async def test_a_host_that_machines_are_on_keeps_its_name(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await both_used(site)
        site.all["c"] = site.all["b"]
        site.served = ["a", "c"]
        with pytest.raises(StateError, match="was host b, where machines are, and is to be host c: name it --host b="):
            site.start()


async def test_whoever_is_found_to_have_machines_is_used(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await both_used(site)
        await site.lose_index()
        site.store.state.hosts_file.unlink()
        site.store.state.remember_libvirt(site.all["a"].facts.uri)
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready again")
        assert all(host.used for host in read_hosts(site.store.state).values())


async def test_where_all_is_lost_that_says_where_machines_are_none_is_made_a_second_time(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await both_used(site)
        before = site.domains()
        await site.lose_index()
        site.store.state.hosts_file.unlink()
        site.served = ["a"]
        site.start()
        site.vm("new")
        await site.until(lambda: site.ready("one", "new"), "what is there, and what is new, goes on")
        await site.until(lambda: "none of the hosts a has it" in site.message("two"), "the other one waits")
        await site.stop()
        site.start()
        await site.until(lambda: "name all hosts with --host" in site.message("two"), "the next operator waits, too")
        await site.stop()
        assert site.domains() == {"a": ["new", *before["a"]], "b": before["b"]}
        site.served = ["a", "b"]
        site.start()
        await site.until(lambda: site.ready("one", "two"), "it is found")
        assert site.domains()["b"] == before["b"]


async def test_where_all_is_lost_a_deletion_waits_for_the_host_that_may_have_the_guest(tmp_path: Path) -> None:
    """Also that of a Disk which the guest has."""
    async with spread(tmp_path) as site:
        site.write("Disk", "dd", {"size": "1Mi"})
        site.vm("one", "a")
        site.vm("two", "b", disks=[{"name": "own", "size": "1Mi"}, {"name": "dd", "diskRef": {"name": "dd"}}])
        site.start()
        await site.until(lambda: site.ready("one", "two"), "both are ready")
        await site.lose_index()
        site.store.state.hosts_file.unlink()
        site.served = ["a"]
        site.start()
        await site.until(lambda: "none of the hosts a has it" in site.message("two"), "it waits")
        files = [site.state / "machines/default/two/own.qcow2", site.state / "disks/default/dd/disk.img"]
        for name in ("two", "dd"):
            site.remove(name)
        site.vm("new")
        deleting = lambda: [row.name for row in site.store.rows("VirtualMachine") + site.store.rows("Disk") if row.deleted]  # noqa: E731
        await site.until(lambda: deleting() == ["two", "dd"] and site.ready("new"), "its documents are gone, and others go on")
        await asyncio.sleep(1)
        assert deleting() == ["two", "dd"] and all(file.exists() for file in files) and not await site.all["a"].trash()
        await site.stop()
        site.served = ["a", "b"]
        site.start()
        await site.until(lambda: not deleting(), "they go where the guest is")
        assert site.domains()["b"] == [] and not any(file.exists() for file in files)


async def test_one_that_is_gone_for_good_is_made_again_where_its_mark_is_removed(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await both_used(site)
        await site.lose_index()
        site.store.state.hosts_file.unlink()
        site.served = ["a"]
        site.vm("two")
        site.start()
        await site.until(lambda: "remove " in site.message("two"), "it waits")
        (site.state / "machines/default/two/created").unlink()
        await site.until(lambda: site.ready("two"), "it is made again")
