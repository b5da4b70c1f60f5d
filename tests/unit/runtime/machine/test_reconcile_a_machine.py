"""One reconcile: what fails is told and ends the plan, what is done is signed and remembered, and at rest nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.base import IDENTITY, Key
from homeostat.models.machine import VirtualMachine, VirtualMachineStatus
from homeostat.planner import actions as act
from homeostat.planner.machine.identity import domain_uuid
from homeostat.planner.machine.storage.disk_source import FILE_POLL_SECONDS
from homeostat.planner.observed import ProbedHealth
from homeostat.planner.plan import Stalled
from homeostat.runtime.engine.ports import StoreFailure
from homeostat.runtime.engine.reconciler import GONE
from homeostat.runtime.machine.reconcile import (
    FOREIGN_DOMAINS,
    SECRET_POLL_SECONDS,
    DomainOf,
    MachineReconciler,
)
from tests.unit.machines import changed, deleted, machine
from tests.unit.operating import Shelf, WorldHost, a_reconciler, kinds, settle
from tests.unit.world import World

WEB = machine(disks=[{"name": "data", "size": "1Gi"}], nics=[{"name": "lan", "network": "default"}])


def status(shelf: Shelf, key: Key = WEB.key) -> VirtualMachineStatus:
    found = shelf.resources[key]
    assert isinstance(found, VirtualMachine) and found.status is not None
    return found.status


def ready(shelf: Shelf, key: Key = WEB.key) -> tuple[str, str]:
    return next((c.reason, c.message) for c in status(shelf, key).conditions if c.type == "Ready")


def reasons(shelf: Shelf) -> list[str]:
    return [reason for _, reason in shelf.told]


async def test_it_is_brought_up_and_that_is_told_in_order() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    assert (await settle(reconciler, shelf, host, WEB.key)).after is None
    assert status(shelf).state == "Running" and status(shelf).run == "1"
    assert reasons(shelf) == ["Created", "Started"]
    assert reconciler._dependencies.resting_on(DomainOf(domain_uuid(WEB.identity))) == [WEB.key] and WEB.key in reconciler.known


async def test_at_rest_nothing_is_done_or_written() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    host.done.clear(), shelf.statuses.clear(), shelf.told.clear()
    await settle(reconciler, shelf, host, WEB.key)
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)  # nor by the next operator
    assert (host.done, shelf.statuses, shelf.told) == ([], [], [])


async def test_what_a_step_fails_of_is_told_and_no_later_step_is_taken() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    host.failing[act.StartDomain] = "no space left"
    reconciler = a_reconciler(shelf, host)
    with pytest.raises(DriverError, match="no space left"):
        await settle(reconciler, shelf, host, WEB.key)
    assert "StartDomain" not in kinds(host.done) and "DefineDomain" in kinds(host.done)
    assert "no space left" in ready(shelf)[1] and host.world.starts == 0
    host.failing.clear()
    await settle(reconciler, shelf, host, WEB.key)
    assert status(shelf).state == "Running"


async def test_what_was_done_before_a_step_failed_is_told() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    host.world.obedient = False
    host.failing[act.SetAutostart] = "read-only"
    shelf.put(changed(WEB, runStrategy="Halted"))
    with pytest.raises(DriverError, match="read-only"):
        await settle(reconciler, shelf, host, WEB.key)
    assert "ShutdownRequested" not in reasons(shelf)
    host.failing = {act.PowerOffDomain: "denied"}
    shelf.put(changed(WEB, runStrategy="Halted", shutdown={"gracePeriodSeconds": 0}))
    with pytest.raises(DriverError, match="denied"):
        await settle(reconciler, shelf, host, WEB.key)
    assert "PoweredOff" not in reasons(shelf)


async def test_every_record_carries_who_wrote_it() -> None:
    vm = changed(WEB, runStrategy="Once")
    shelf, host = Shelf(vm), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    defined = [a.config.record for a in host.done if isinstance(a, act.DefineDomain)]
    written = [a.record for a in host.done if isinstance(a, act.WriteRecord)]
    assert defined and written
    for record in (*defined, *written):
        assert record is not None and (record.instance, record.writer) == ("test", "1.1.me@here:/state") and record.written_at


async def test_the_fence_is_asked_before_each_act() -> None:
    asked: list[int] = []
    shelf, host = Shelf(WEB), WorldHost()
    await settle(a_reconciler(shelf, host, fence=lambda: asked.append(len(host.done))), shelf, host, WEB.key)
    assert set(range(len(host.done))) <= set(asked)

    def closed() -> None:
        raise StoreFailure("the lease is another's")

    other = WorldHost()
    with pytest.raises(StoreFailure):
        await settle(a_reconciler(Shelf(WEB), other, fence=closed), Shelf(WEB), other, WEB.key)
    assert other.done == []


async def test_addresses_are_asked_for_of_cards_on_networks_only() -> None:
    vm = machine(nics=[{"name": "lan", "network": "default"}, {"name": "own", "user": {}}])
    shelf, host = Shelf(vm), WorldHost()
    asked: list[tuple[str, ...]] = []
    answer = host.addresses

    def noted(macs: list[str], run: str = "") -> object:
        asked.append(tuple(macs))
        return answer(macs, run)

    host.addresses = noted  # type: ignore[method-assign, assignment]
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert host.world.domain and host.world.domain.live
    lan = next(nic.mac for nic in host.world.domain.live.nics if nic.name == "lan")
    assert asked and set(asked) <= {(lan,)}
    host.seen_at[lan] = [("10.0.0.7", "Lease")]
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert [address.ip for address in status(shelf, vm.key).addresses] == ["10.0.0.7"]


async def test_of_one_without_cards_no_address_is_asked_for() -> None:
    vm = machine()
    shelf, host = Shelf(vm), WorldHost()

    def refused(macs: list[str], run: str | None = None) -> object:
        raise AssertionError("asked for nothing")

    host.addresses = refused  # type: ignore[method-assign, assignment]
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert status(shelf, vm.key).state == "Running" and status(shelf, vm.key).addresses == ()


@pytest.mark.parametrize("other", ["another", "1", "1-78", "2-77"])
async def test_the_next_operator_recalls_the_addresses_of_that_very_run(other: str) -> None:
    own = {"name": "own", "user": {"forwards": [{"hostPort": 8080, "guestPort": 80}]}}
    vm = machine(nics=[{"name": "lan", "network": "default"}, own])
    shelf, host = Shelf(vm), WorldHost(World(pid="77"))
    first = a_reconciler(shelf, host)
    await settle(first, shelf, host, vm.key)
    assert host.recalled == [] and host.world.domain and host.world.domain.live
    lan = next(nic.mac for nic in host.world.domain.live.nics if nic.name == "lan")
    host.seen_at[lan] = [("10.0.0.7", "Agent")]
    await settle(first, shelf, host, vm.key)
    assert {address.source for address in status(shelf, vm.key).addresses} == {"Agent", "Forward"}
    later = a_reconciler(shelf, host)
    for _ in range(2):
        await settle(later, shelf, host, vm.key)
    assert host.recalled == [("1-77", {lan: [("10.0.0.7", "Agent")]})]  # once
    known = status(shelf, vm.key)
    shelf.resources[vm.key] = vm.model_copy(update={"status": known.model_copy(update={"run": other})})
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert host.recalled[1:] == []


async def test_where_only_an_id_names_the_run_nothing_is_recalled() -> None:
    """It may be the first domain of another boot of the host."""
    vm = machine(nics=[{"name": "lan", "network": "default"}])
    shelf, host = Shelf(vm), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert host.world.domain and host.world.domain.live
    host.seen_at[host.world.domain.live.nics[0].mac] = [("10.0.0.7", "Lease")]
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert status(shelf, vm.key).addresses
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert host.recalled == []


async def test_addresses_are_recalled_once_the_definition_of_the_guest_is_known() -> None:
    vm = machine(nics=[{"name": "lan", "network": "default"}])
    shelf, host = Shelf(vm), WorldHost(World(pid="77"))
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    assert host.world.domain and host.world.domain.live
    (nic,) = host.world.domain.live.nics
    host.seen_at[nic.mac] = [("10.0.0.7", "Lease")]
    await settle(a_reconciler(shelf, host), shelf, host, vm.key)
    later, live = a_reconciler(shelf, host), host.world.domain.live
    host.seen_at.clear()
    host.world.domain.live = None
    await later.reconcile(vm.model_copy(update={"status": status(shelf, vm.key)}))
    assert host.recalled == [] and [address.ip for address in status(shelf, vm.key).addresses] == ["10.0.0.7"]
    host.world.domain.live = live
    await later.reconcile(vm.model_copy(update={"status": status(shelf, vm.key)}))
    assert host.recalled == [("1-77", {nic.mac: [("10.0.0.7", "Lease")]})]


async def test_addresses_stay_where_the_host_is_lost_before_they_are_asked_for() -> None:
    vm = machine(nics=[{"name": "lan", "network": "default"}])
    shelf, host = Shelf(vm), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, vm.key)
    assert host.world.domain and host.world.domain.live
    host.seen_at[host.world.domain.live.nics[0].mac] = [("10.0.0.7", "Lease")]
    await settle(reconciler, shelf, host, vm.key)

    def lost(macs: Sequence[str], run: str | None = None) -> Mapping[str, Sequence[tuple[str, str]]]:
        host.world.host = replace(host.world.host, reachable=False)
        return {}

    host.addresses = lost  # type: ignore[method-assign]
    await settle(reconciler, shelf, host, vm.key)
    assert [address.ip for address in status(shelf, vm.key).addresses] == ["10.0.0.7"]


async def test_restarts_go_on_being_counted_by_the_next_operator() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    known = shelf.resources[WEB.key]
    shelf.resources[WEB.key] = known.model_copy(update={"status": status(shelf).model_copy(update={"restarts": 7})})
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    assert status(shelf).restarts == 7


# Its probes


class Probing:
    """Notes whom it is to watch, and whether that was healthy."""

    def __init__(self) -> None:
        self.watched: list[tuple[str, bool]] = []
        self.forgotten = 0

    def watch(self, key: Key, run: str, probes: object, guest: object, healthy: bool = False) -> None:
        self.watched.append((run, healthy))

    def forget(self, key: Key) -> None:
        self.forgotten += 1

    def health(self, key: Key) -> ProbedHealth | None:
        return ProbedHealth(started=True, ready=True, alive=True, was_ready=True, message="HTTP 200")


def probed(shelf: Shelf, host: WorldHost) -> tuple[MachineReconciler, Probing]:
    reconciler, probing = a_reconciler(shelf, host), Probing()
    reconciler._prober = probing  # type: ignore[assignment]
    return reconciler, probing


async def test_a_guest_is_probed_while_it_runs_and_is_to_stay() -> None:
    vm = machine(probes={"readiness": {"tcpSocket": {"port": 80}}})
    shelf, host = Shelf(vm), WorldHost()
    reconciler, probing = probed(shelf, host)
    await settle(reconciler, shelf, host, vm.key)
    assert probing.watched[0] == ("1", False) and status(shelf, vm.key).health is not None
    for pause in (True, False):
        host.world.pause() if pause else host.world.resume()
        probing.watched.clear()
        host.failing = {act.ResumeDomain: "not now"}
        if pause:
            with pytest.raises(DriverError):
                await settle(reconciler, shelf, host, vm.key)
        else:
            await settle(reconciler, shelf, host, vm.key)
        assert bool(probing.watched) is not pause
    host.world.obedient = False
    shelf.put(deleted(vm))
    probing.watched.clear()
    await settle(reconciler, shelf, host, vm.key)
    assert probing.watched == [] and probing.forgotten and status(shelf, vm.key).health is None


async def test_the_next_operator_is_told_whether_that_very_run_was_healthy() -> None:
    vm = machine(probes={"readiness": {"tcpSocket": {"port": 80}}})
    shelf, host = Shelf(vm), WorldHost()
    await settle(probed(shelf, host)[0], shelf, host, vm.key)
    known = status(shelf, vm.key)
    assert known.health is not None
    ill = known.health.model_copy(update={"status": "unhealthy"})
    for said, healthy in (
        (known, True),
        (known.model_copy(update={"run": "another"}), False),
        (known.model_copy(update={"health": ill}), False),
        (known.model_copy(update={"health": None}), False),
        (None, False),
    ):
        shelf.resources[vm.key] = vm.model_copy(update={"status": said})
        reconciler, probing = probed(shelf, host)
        await settle(reconciler, shelf, host, vm.key)
        assert probing.watched[0] == ("1", healthy)


async def test_one_without_probes_is_not_probed() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler, probing = probed(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    assert probing.watched == [] and status(shelf).health is None


# When it is looked at again


async def test_one_that_waits_is_looked_at_when_it_asked_for_that() -> None:
    vm = changed(WEB, nics=[{"name": "lan", "network": "none-such"}])
    shelf, host = Shelf(vm), WorldHost()
    assert (await settle(a_reconciler(shelf, host), shelf, host, vm.key)).after == 30
    assert ready(shelf)[0] == "NetworkUnknown"


async def test_one_whose_files_are_gone_is_looked_at_now_and_then() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    host.world.destroy()
    host.world.disks.clear()
    step = await settle(reconciler, shelf, host, WEB.key)
    assert ready(shelf)[0] == "DiskMissing" and step.after == FILE_POLL_SECONDS


async def test_one_with_a_password_file_is_looked_at_for_that(tmp_path: object) -> None:
    vm = machine(display={"vnc": {"passwordFile": f"{tmp_path}/none-such"}}, runStrategy="Halted")
    shelf, host = Shelf(vm), WorldHost()
    assert (await settle(a_reconciler(shelf, host), shelf, host, vm.key)).after == SECRET_POLL_SECONDS


async def test_of_several_reasons_to_look_the_soonest_counts(tmp_path: Path) -> None:
    file = tmp_path / "vnc"
    file.touch(0o600)
    file.write_text("secret")
    vm = machine(display={"vnc": {"passwordFile": str(file)}}, nics=[{"name": "lan", "network": "none-such"}])
    shelf, host = Shelf(vm), WorldHost()
    assert (await settle(a_reconciler(shelf, host), shelf, host, vm.key)).after == SECRET_POLL_SECONDS < 30
    assert ready(shelf, vm.key)[0] == "NetworkUnknown"


async def test_one_whose_host_cannot_be_asked_is_not() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    host.world.host = replace(host.world.host, reachable=False, error="the link is cut")
    assert (await settle(reconciler, shelf, host, WEB.key)).after is None
    assert ready(shelf) == ("HostUnreachable", "the link is cut")


# Whose domain it is


async def test_a_domain_of_another_machine_is_not_taken_for_ours() -> None:
    """An annotation gives this one the identity of another."""
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    thief = machine(name="thief")
    stolen = {IDENTITY: f"default/thief/{WEB.identity}"}
    thief = thief.model_copy(update={"metadata": thief.metadata.model_copy(update={"annotations": stolen})})
    shelf.put(thief)
    host.done.clear()
    await settle(reconciler, shelf, host, thief.key)
    assert host.done == [] and ready(shelf, thief.key)[0] == "NameInUse"
    assert reconciler._dependencies.resting_on(DomainOf(domain_uuid(WEB.identity))) == [WEB.key]
    assert reconciler._dependencies.resting_on(FOREIGN_DOMAINS) == [thief.key]
    reconciler.forget(thief.key)
    assert thief.key not in reconciler.summaries and WEB.key in reconciler.summaries


async def test_another_operator_of_our_identity_ends_all_acts() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    assert host.world.domain and host.world.domain.record
    later = replace(host.world.domain.record, writer="2.2.other@there:/state", written_at="2999-01-01T00:00:00Z")
    host.world.domain.record = later
    host.world.crash()
    host.done.clear()
    await settle(reconciler, shelf, host, WEB.key)
    assert host.done == [] and ready(shelf)[0] == "OtherOperator"
    assert isinstance(reconciler._rivals.found, Stalled)


# Its end


def going(shelf: Shelf) -> VirtualMachine:
    found = shelf.resources[WEB.key]
    assert isinstance(found, VirtualMachine)
    gone = found.metadata.model_copy(update={"deletion_timestamp": "2026-01-01T00:00:00Z"})
    return found.model_copy(update={"metadata": gone})


@pytest.mark.parametrize(
    ("left", "unreadable", "said"),
    [
        ([], "", "everything of it is gone"),
        (["data.qcow2", "note"], "", "its domain is gone; /state/machines/default/web keeps data.qcow2, note"),
        ([], "denied", "its domain is gone; what is left of its files is not known: denied"),
    ],
)
async def test_what_is_left_of_one_that_was_deleted_is_told(left: list[str], unreadable: str, said: str) -> None:
    shelf, host = Shelf(WEB), WorldHost()
    reconciler = a_reconciler(shelf, host)
    await settle(reconciler, shelf, host, WEB.key)
    shelf.put(going(shelf))
    host.left, host.unreadable = left, unreadable
    shelf.told.clear()
    assert await settle(reconciler, shelf, host, WEB.key) is GONE
    assert shelf.released == [WEB.key] and host.world.domain is None
    assert reasons(shelf)[-2:] == ["Stopped", "Deleted"] or reasons(shelf)[-1] == "Deleted"
    assert shelf.said[WEB.key][-1] == said


async def test_one_that_is_taken_down_stays_desired_and_comes_back() -> None:
    shelf, host = Shelf(WEB), WorldHost()
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    assert await settle(a_reconciler(shelf, host, teardown=True), shelf, host, WEB.key) is GONE
    assert host.world.domain is None and shelf.released == []
    assert status(shelf) == VirtualMachineStatus()
    await settle(a_reconciler(shelf, host), shelf, host, WEB.key)
    assert status(shelf).state == "Running" and host.world.starts == 2
