"""What a scrape finds: counted where it happens, or read when it is scraped, of every loop that runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from homeostat.driver.imagehost import ImageHost
from homeostat.driver.storage.storage import Storage
from homeostat.planner.observed import Usage
from homeostat.planner.orphans import Orphan
from homeostat.runtime.engine.supervise import Supervisor
from homeostat.runtime.metrics import OperatorMetrics, Watched, summary
from tests.unit.machines import machine
from tests.unit.operating import Shelf, WorldHost, an_operator, at_work, until
from tests.unit.runtime.machine.test_machine_status_in_words import status, up


class Busy(WorldHost):
    calls = 7

    def usage(self) -> dict[str, Usage]:
        return {
            "web": Usage(memory_bytes=5, cpu_seconds=1.5, disk_read_bytes=2, disk_write_bytes=3, net_rx_bytes=4, net_tx_bytes=6)
        }


def test_of_hosts_machines_and_orphans() -> None:
    metrics, host = OperatorMetrics(), Busy()
    world, vm = up()
    summaries = [summary(status(vm, world)), summary(status(vm, world)), summary(status(machine(), WorldHost().world))]
    orphans = [Orphan("default", "a", "running"), Orphan("default", "b", "running"), Orphan("default", "c", "retained")]
    watched = Watched(lambda: 3, host, lambda: summaries, lambda: orphans)  # type: ignore[arg-type]
    metrics.watch(watched)

    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    assert value("homeostat_queue_depth") == 3
    assert (
        value("homeostat_machines_by_state", state="Running") == 2 and value("homeostat_machines_by_state", state="Pending") == 1
    )
    assert value("homeostat_machines", condition="Running", status="True") == 2
    assert value("homeostat_machines", condition="Running", status="False") == 1
    assert value("homeostat_host_reachable", host="local") == 1 and value("homeostat_libvirt_calls_total", host="local") == 7
    assert value("homeostat_orphans", host="local", state="running") == 2
    assert value("homeostat_orphans", host="local", state="retained") == 1
    of = {"host": "local", "machine": "web"}
    assert value("homeostat_machine_memory_bytes", **of) == 5 and value("homeostat_machine_cpu_seconds_total", **of) == 1.5
    assert value("homeostat_machine_disk_read_bytes_total", **of) == 2
    assert value("homeostat_machine_disk_written_bytes_total", **of) == 3
    assert value("homeostat_machine_network_received_bytes_total", **of) == 4
    assert value("homeostat_machine_network_sent_bytes_total", **of) == 6
    host.world.host = replace(host.world.host, reachable=False)
    assert value("homeostat_host_reachable", host="local") == 0
    metrics.watch(Watched(lambda: 2, WorldHost(), lambda: []))  # type: ignore[arg-type]
    assert value("homeostat_queue_depth") == 5
    metrics.unwatch(watched)
    assert value("homeostat_queue_depth") == 2 and value("homeostat_machines_by_state", state="Running") is None


def test_what_has_files_and_no_libvirt_is_no_host(tmp_path: Path) -> None:
    metrics = OperatorMetrics()
    metrics.watch(Watched(lambda: 3, ImageHost(Storage(tmp_path, None), str(tmp_path)), lambda: []))
    assert metrics.registry.get_sample_value("homeostat_queue_depth") == 3
    assert [sample for family in metrics.registry.collect() for sample in family.samples if "host" in sample.labels] == []


def test_of_probes_and_of_the_trash() -> None:
    metrics = OperatorMetrics()
    for ok in (True, True, False):
        metrics.tried("readiness", ok)
    metrics.trashed("local", 4, 99)
    read = metrics.registry.get_sample_value
    assert read("homeostat_probes_total", {"probe": "readiness", "result": "success"}) == 2
    assert read("homeostat_probes_total", {"probe": "readiness", "result": "failure"}) == 1
    assert read("homeostat_trash_entries", {"host": "local"}) == 4 and read("homeostat_trash_bytes", {"host": "local"}) == 99


def test_of_tasks_that_die() -> None:
    supervisor = Supervisor()
    metrics = OperatorMetrics(supervisor)
    for _ in range(2):
        supervisor.failed("feed", OSError("no space"), quiet=True)
    read = metrics.registry.get_sample_value
    assert read("homeostat_task_failures_total", {"task": "feed"}) == 2 and read("homeostat_task_down", {"task": "feed"}) == 1
    supervisor.recovered("feed")
    assert read("homeostat_task_failures_total", {"task": "feed"}) == 2 and read("homeostat_task_down", {"task": "feed"}) == 0


async def test_an_operator_counts_its_reconciles_and_their_errors_while_it_runs() -> None:
    web = machine()
    shelf, host, metrics = Shelf(web), WorldHost(), OperatorMetrics()
    operator = an_operator(shelf, host)
    operator.metrics = metrics
    shelf.failing[web.key] = RuntimeError("a defect of ours")
    read = metrics.registry.get_sample_value
    kind = {"kind": "VirtualMachine"}
    async with at_work(operator):
        await until(lambda: read("homeostat_reconcile_errors_total", {**kind, "reason": "Defect"}) == 1)
        assert operator.queue.idle() and not operator.queue.idle(within=5)  # it backs off
        shelf.failing.clear()
        operator.queue.add(web.key)
        await until(lambda: host.world.starts == 1 and operator.queue.idle(within=60))
        count = read("homeostat_reconcile_duration_seconds_count", kind)
        assert count is not None and count >= 2
        assert read("homeostat_machines_by_state", {"state": "Running"}) == 1
    assert read("homeostat_machines_by_state", {"state": "Running"}) is None
