"""What the operator measures of itself, in Prometheus' terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client import Counter as CounterMetric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from homeostat.models.machine import VirtualMachineStatus

from .ports import HostDriver


@dataclass(frozen=True, slots=True)
class Summary:
    """What is kept of a machine's status, and counted. Thousands of machines share a few of them."""

    state: str
    conditions: tuple[tuple[str, str, str], ...]  # type, status, reason


def summary(status: VirtualMachineStatus) -> Summary:
    return _shared(Summary(status.state.value, tuple((c.type, c.status, c.reason) for c in status.conditions)))


@lru_cache(1000)
def _shared(summary: Summary) -> Summary:
    return summary


class Metrics:
    """One per operator. Everything is read when it is scraped, or counted where it happens."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconcile = Histogram(
            "homeostat_reconcile_duration_seconds", "Time one reconcile took.", ["kind"], registry=self.registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )  # fmt: skip
        self.errors = CounterMetric(
            "homeostat_reconcile_errors_total", "Reconciles that ended in an error.", ["kind", "reason"], registry=self.registry
        )
        self.writes = CounterMetric(
            "homeostat_store_writes_total", "Writes to the store, by what was written.", ["what"], registry=self.registry
        )

    def watch_queue(self, depth: Callable[[], int]) -> None:
        gauge = Gauge("homeostat_queue_depth", "Resources that wait for a worker.", registry=self.registry)
        gauge.set_function(depth)

    def watch_host(self, host: HostDriver) -> None:
        self.registry.register(_HostCollector(host))

    def watch_machines(self, summaries: Callable[[], Iterable[Summary]]) -> None:
        self.registry.register(_MachineCollector(summaries))


class _MachineCollector(Collector):
    def __init__(self, summaries: Callable[[], Iterable[Summary]]) -> None:
        self._summaries = summaries

    def collect(self) -> Iterator[Metric]:
        conditions: Counter[tuple[str, str]] = Counter()
        states: Counter[str] = Counter()
        for summary in self._summaries():
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
    """The host's reachability, our libvirt calls, and each domain's use as the last bulk read had it."""

    _SERIES = (
        ("cpu_seconds", "homeostat_machine_cpu_seconds", "CPU time used."),
        ("disk_read_bytes", "homeostat_machine_disk_read_bytes", "Bytes read from disks."),
        ("disk_write_bytes", "homeostat_machine_disk_written_bytes", "Bytes written to disks."),
        ("net_rx_bytes", "homeostat_machine_network_received_bytes", "Bytes received."),
        ("net_tx_bytes", "homeostat_machine_network_sent_bytes", "Bytes sent."),
    )

    def __init__(self, host: HostDriver) -> None:
        self._host = host

    def collect(self) -> Iterator[Metric]:
        facts = self._host.facts
        reachable = GaugeMetricFamily("homeostat_host_reachable", "1 while libvirt answers.", labels=["host"])
        reachable.add_metric([facts.name], float(facts.reachable))
        yield reachable
        calls = CounterMetricFamily("homeostat_libvirt_calls", "Calls to libvirt.", labels=["host"])
        calls.add_metric([facts.name], float(self._host.calls))
        yield calls
        use = self._host.usage()
        memory = GaugeMetricFamily("homeostat_machine_memory_bytes", "Memory the guest has.", labels=["host", "machine"])
        for name, figures in use.items():
            memory.add_metric([facts.name, name], figures.memory_bytes)
        yield memory
        for field, series, text in self._SERIES:
            family = CounterMetricFamily(series, text, labels=["host", "machine"])
            for name, figures in use.items():
                family.add_metric([facts.name, name], getattr(figures, field))
            yield family
