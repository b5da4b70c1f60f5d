"""What the operator measures of itself, as Prometheus metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as CounterMetric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from homeostat.models.machine import VirtualMachineStatus
from homeostat.planner.orphans import Orphan

from .engine.supervise import Supervisor
from .hypervisor import Meter


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of a machine's status in order to count it. Thousands of machines share a few of them."""

    state: str
    conditions: tuple[tuple[str, str, str], ...]  # type, status, reason


def summary(status: VirtualMachineStatus) -> Summary:
    return _shared(Summary(status.state.value, tuple((c.type, c.status, c.reason) for c in status.conditions)))


@lru_cache(1000)
def _shared(summary: Summary) -> Summary:
    return summary


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What is read from one operator loop when it is scraped."""

    depth: Callable[[], int]
    host: Meter
    summaries: Callable[[], Iterable[Summary]]
    orphans: Callable[[], Iterable[Orphan]] = lambda: ()


BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""The upper bounds, in seconds, by which reconciles are counted."""


class OperatorMetrics:
    """The metrics, one object per process. Everything is read when it is scraped, or counted where it happens."""

    def __init__(self, supervisor: Supervisor | None = None) -> None:
        self.registry = CollectorRegistry()
        self.reconcile = Histogram(
            "homeostat_reconcile_duration_seconds", "Time one reconcile took.", ["kind"], registry=self.registry,
            buckets=BUCKETS,
        )  # fmt: skip
        self.errors = CounterMetric(
            "homeostat_reconcile_errors_total", "Reconciles that ended in an error.", ["kind", "reason"], registry=self.registry
        )
        self.probes = CounterMetric(
            "homeostat_probes_total", "Tries of health checks.", ["probe", "result"], registry=self.registry
        )
        self._trash_entries = Gauge(
            "homeostat_trash_entries", "Deletions whose disks are set aside.", ["host"], registry=self.registry
        )
        self._trash_bytes = Gauge("homeostat_trash_bytes", "Bytes that disks set aside take.", ["host"], registry=self.registry)

        self._watched: list[Watched] = []
        gauge = Gauge("homeostat_queue_depth", "Resources that wait for a worker.", registry=self.registry)
        gauge.set_function(lambda: sum(watched.depth() for watched in self._watched))
        self.registry.register(_HostCollector(self._watched))
        self.registry.register(_MachineCollector(self._watched))
        if supervisor is not None:
            self.registry.register(TaskCollector(supervisor))

    def tried(self, probe: str, ok: bool) -> None:
        self.probes.labels(probe, "success" if ok else "failure").inc()

    def trashed(self, host: str, entries: int, size: int) -> None:
        """Counts what is in the trash. ``size`` in bytes."""
        self._trash_entries.labels(host).set(entries)
        self._trash_bytes.labels(host).set(size)

    def watch(self, watched: Watched) -> None:
        self._watched.append(watched)

    def unwatch(self, watched: Watched) -> None:
        self._watched.remove(watched)


class TaskCollector(Collector):
    """The tasks of one process, by name."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def collect(self) -> Iterator[Metric]:
        failures = CounterMetricFamily(
            "homeostat_task_failures", "Deaths of long-lived tasks, and failures of what they rest on.", labels=["task"]
        )
        down = GaugeMetricFamily("homeostat_task_down", "1 while a task fails.", labels=["task"])
        failing = {known.task for known in self._supervisor.failing}
        for name in sorted({*self._supervisor.running, *self._supervisor.counted}):
            failures.add_metric([name], self._supervisor.deaths(name))
            down.add_metric([name], float(name in failing))
        yield failures
        yield down


class _MachineCollector(Collector):
    def __init__(self, watched: Sequence[Watched]) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        conditions: Counter[tuple[str, str]] = Counter()
        states: Counter[str] = Counter()
        for summary in (summary for watched in self._watched for summary in watched.summaries()):
            states[summary.state] += 1
            conditions.update((type, word) for type, word, _ in summary.conditions)
        by_condition = GaugeMetricFamily("homeostat_machines", "Machines by condition.", labels=["condition", "status"])
        for (type, status_word), count in sorted(conditions.items()):
            by_condition.add_metric([type, status_word], count)
        yield by_condition
        by_state = GaugeMetricFamily("homeostat_machines_by_state", "Machines by state.", labels=["state"])
        for state, count in sorted(states.items()):
            by_state.add_metric([state], count)
        yield by_state


class _HostCollector(Collector):
    """Whether each host is reachable, our libvirt calls, and the use of each domain in the last bulk read."""

    _SERIES = (
        ("cpu_seconds", "homeostat_machine_cpu_seconds", "CPU time used."),
        ("disk_read_bytes", "homeostat_machine_disk_read_bytes", "Bytes read from disks."),
        ("disk_write_bytes", "homeostat_machine_disk_written_bytes", "Bytes written to disks."),
        ("net_rx_bytes", "homeostat_machine_network_received_bytes", "Bytes received."),
        ("net_tx_bytes", "homeostat_machine_network_sent_bytes", "Bytes sent."),
    )

    def __init__(self, watched: Sequence[Watched]) -> None:
        self._watched = watched

    def collect(self) -> Iterator[Metric]:
        reachable = GaugeMetricFamily("homeostat_host_reachable", "1 while libvirt answers.", labels=["host"])
        orphans = GaugeMetricFamily(
            "homeostat_orphans", "What belongs to no resource any more, by state.", labels=["host", "state"]
        )
        calls = CounterMetricFamily("homeostat_libvirt_calls", "Calls to libvirt.", labels=["host"])
        memory = GaugeMetricFamily("homeostat_machine_memory_bytes", "Memory the guest has.", labels=["host", "machine"])
        uses = {field: CounterMetricFamily(series, text, labels=["host", "machine"]) for field, series, text in self._SERIES}
        for watched in self._watched:
            host, name = watched.host, watched.host.facts.name
            if not host.facts.uri:
                continue  # it has images or files, and no libvirt
            for state, count in sorted(Counter(orphan.state for orphan in watched.orphans()).items()):
                orphans.add_metric([name, state], count)
            reachable.add_metric([name], float(host.facts.reachable))
            calls.add_metric([name], float(host.calls))
            for machine, figures in host.usage().items():
                memory.add_metric([name, machine], figures.memory_bytes)
                for field, family in uses.items():
                    family.add_metric([name, machine], getattr(figures, field))
        yield from (reachable, orphans, calls, memory, *uses.values())
