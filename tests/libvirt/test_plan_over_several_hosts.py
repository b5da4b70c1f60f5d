"""`homeostat plan` over several hosts says what `homeostat up` then does, also where hosts are away, not named, or mixed up."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.show.plans.preview import Preview, hosts_taken, preview, preview_on
from homeostat.cli.show.plans.preview_host import PreviewHost, copy_state
from homeostat.cli.show.plans.render_plan import PlanEntry, render_plan
from homeostat.driver.host import LibvirtHost
from homeostat.driver.storage.storage import Storage
from homeostat.planner.plan import Waiting
from homeostat.store.errors import StateError
from homeostat.store.files.state import StateFolder
from tests.libvirt.spread import Spread, handle, spread

NOWHERE = "test:///nowhere/node.xml"


async def planned(site: Spread, away: str = "") -> Preview:
    """Over the hosts that are served. A connection of its own would be to another test host. ``away``: one that is."""
    async with AsyncExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        notes = await copy_state(site.folder, site.state, scratch)
        notes += hosts_taken(site.folder, site.state, scratch, {name: site.all[name].facts.uri for name in site.served})
        hosts = {name: PreviewHost(site.all[name], Storage(site.state, None)) for name in site.served}
        if away:
            gone = LibvirtHost(NOWHERE, name=away, storage_root=str(site.state))
            hosts[away] = PreviewHost(await stack.enter_async_context(gone), hosts[away].storage)
        return await preview_on(site.folder, scratch, hosts["a"], notes, hosts, StateFolder(site.state))


async def test_without_any_host_nothing_is_planned(tmp_path: Path) -> None:
    (tmp_path / "vms").mkdir()
    with pytest.raises(CliError, match=r"nothing can be planned: host a: .*; host b: "):
        await preview(tmp_path / "vms", tmp_path / "state", "", {}, several={"a": NOWHERE, "b": f"{NOWHERE}.2"})


def waiting(found: Preview) -> Mapping[str, tuple[str, str]]:
    """Reason and message by machine, of those that wait."""
    entries = [entry for entry in found.entries if isinstance(entry, PlanEntry)]
    return {
        entry.machine.metadata.name: (entry.plan.outcome.reason, entry.plan.outcome.message)
        for entry in entries
        if isinstance(entry.plan.outcome, Waiting) and not entry.plan.actions
    }


def text(found: Preview) -> str:
    return "\n".join(line.text for line in render_plan(found.entries))


async def settled(site: Spread) -> None:
    """One machine on each host."""
    site.vm("one", "a")
    site.vm("two", "b")
    site.start()
    await site.until(lambda: site.ready("one", "two"), "both are ready")


async def test_addresses_that_are_swapped_are_refused_as_by_up(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await settled(site)
        await site.stop()
        site.all = {"a": site.all["b"], "b": site.all["a"]}
        with pytest.raises(StateError) as refused:
            await planned(site)
        with pytest.raises(StateError) as by_up:
            site.start()
        assert str(refused.value) == str(by_up.value) and str(site.state) in str(refused.value)


@pytest.mark.parametrize("away", [False, True])
async def test_what_waits_for_a_host_that_was_not_asked(tmp_path: Path, away: bool) -> None:
    async with spread(tmp_path) as site:
        await settled(site)
        await site.lose_index()
        if away:
            found = await planned(site, away="b")
        else:
            site.served = ["a"]
            found = await planned(site)
            (note,) = [note for note in found.notes if "no --host" in note]
            assert [note] == site.start()
            await site.until(lambda: site.message("two"), "up says why")
            assert waiting(found)["two"] == ("HostsNotAsked", site.message("two"))
        assert {reason for reason, _ in waiting(found).values()} == {"HostsNotAsked"} and waiting(found).keys() == {"one", "two"}
        assert "define" not in text(found) and "will be created" not in text(found), text(found)


async def test_with_one_host_away_the_others_are_planned(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await settled(site)
        await site.stop()
        site.vm("three")
        site.vm("four", "b")
        found = await planned(site, away="b")
        reasons = {name: reason for name, (reason, _) in waiting(found).items()}
        assert reasons == {"two": "HostUnreachable", "four": "NoHostMatches"}, text(found)
        assert "b cannot be reached" in waiting(found)["four"][1]
        assert "+ vm/three will be created on host a" in text(found), text(found)
        assert "! vm/two cannot be carried out as it is on host b" in text(found) and "1 unchanged, 2 need a human" in text(found)


async def test_with_a_new_index_the_hosts_are_asked(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await settled(site)
        await site.lose_index()
        assert waiting(await planned(site)) == {} and "define" not in text(await planned(site))


async def test_what_another_host_has_is_not_planned_a_second_time(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await settled(site)
        await site.stop()
        machine = site.machine("one")
        assert machine is not None
        site.store.displace(machine.key)
        assert await site.store.place(machine.key, machine.metadata.uid, "b")
        found = await planned(site)
        assert waiting(found).keys() == {"one"} and waiting(found)["one"][0] == "OnAnotherHost", text(found)
        site.start()
        await site.until(lambda: site.condition("one").reason == "OnAnotherHost", "up says so, too")  # type: ignore[union-attr]


async def test_what_another_host_runs_is_not_planned_to_start(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        await settled(site)
        handle(site, "b").defineXML(handle(site, "a").lookupByName("one").XMLDesc()).create()
        await site.until(lambda: len(site.domains()["b"]) == 2, "it is on both")
        await site.stop()
        handle(site, "a").lookupByName("one").destroy()
        await site.until(lambda: not site.all["a"].domain_named("one").state.active, "it is off on a")  # type: ignore[union-attr]
        found = await planned(site)
        assert waiting(found)["one"][0] == "OnAnotherHost" and "start" not in text(found).split("! vm/one")[0], text(found)
        site.start()
        await site.until(lambda: site.condition("one").reason == "OnAnotherHost", "up says so, too")  # type: ignore[union-attr]
        assert waiting(found)["one"][1] == site.message("one")


def disk(host: str) -> dict[str, object]:
    return {"size": "8Mi", "hostSelector": {"kubernetes.io/hostname": host}}


@pytest.mark.parametrize(
    ("reason", "refs", "selector"),
    [
        ("HostSelectorContradicts", ["k"], {"hostSelector": {"kubernetes.io/hostname": "b"}}),
        ("OnSeveralHosts", ["k", "k2"], {}),
        ("HostNotReady", ["k"], {}),
    ],
)
async def test_a_machine_that_no_host_can_have_is_refused_as_by_up(
    tmp_path: Path, reason: str, refs: list[str], selector: dict[str, object]
) -> None:
    async with spread(tmp_path) as site:
        site.write("Disk", "k", disk("a"))
        site.write("Disk", "k2", disk("b"))
        site.vm("two", "b")
        site.start()
        made = [site.state / "disks" / "default" / name / "disk.img" for name in ("k", "k2")]
        await site.until(lambda: site.ready("two") and all(file.exists() for file in made), "both Disks are made")
        if reason == "HostNotReady":
            site.write("Host", "a", {"uri": site.all["a"].facts.uri, "maintenance": True})
            await site.until(lambda: (host := site.host("a")) is not None and host.spec.maintenance, "it is known")
        await site.stop()
        site.vm("one", **selector, disks=[{"name": name, "diskRef": {"name": name}} for name in refs])
        found = await planned(site)
        (outcome,) = (e.plan.outcome for e in found.entries if isinstance(e, PlanEntry) and e.machine.metadata.name == "one")
        assert outcome.reason == reason, text(found)
        site.start()
        # At first the hosts have not been asked for what they have: that says it is not known yet.
        await site.until(
            lambda: (said := site.condition("one")) is not None and said.reason not in ("", "HostsNotAsked"), "up says why"
        )
        assert (site.condition("one").reason, site.message("one")) == (reason, outcome.message)  # type: ignore[union-attr]
