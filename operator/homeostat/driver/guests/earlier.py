"""Which run of a guest an address belongs to that a host remembers: this run, or an earlier one.

A lease outlives the guest that asked for it, often by an hour. An entry of the ARP table stays as long as nobody needs its place.
Neither says for which run it was made. It belongs to this run where it was given or confirmed since the run began. Where those
times are not known (a remote host), it does where it was renewed, or appeared, since we saw the run first. Of a run that we did
not see begin, what the ARP table has at first counts: that table begins again with each boot of its host, as leases do not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from homeostat.planner.observed import same_run


@dataclass(frozen=True, slots=True)
class HostAddress:
    """An address as the host has it."""

    ip: str
    stamp: float  # changes with every renewal, where the host knows that
    at: float | None = None  # when it was given or confirmed at the latest; seconds since the host booted; None: not known


@dataclass(slots=True)
class _Run:
    name: str
    began: float | None  # seconds since the host booted; None: not known
    witnessed: bool  # as far as is known, we saw it begin
    earlier: dict[str, dict[str, float]] = field(default_factory=dict)  # table -> ip -> stamp: what was there before


class Runs:
    """The runs of one host's guests, by MAC. Must not be used by two threads at the same time."""

    def __init__(self, started: Callable[[int], float | None], now: Callable[[], float]) -> None:
        """Takes ``started``: when a pid began, and ``now``: both in seconds since the host booted."""
        self._started, self._now = started, now
        self._runs: dict[str, _Run] = {}
        self._watched = False

    def meet(self, present: Iterable[tuple[str, str, int | None]]) -> None:
        """Takes (MAC, run, pid) of the guests that run now. After the first call, a run that is not known yet began since the
        last call."""
        met = {}
        for mac, name, pid in present:
            known = self._runs.get(mac)
            if known is not None and same_run(known.name, name):
                if name != known.name:  # its pid can be read by now
                    known.name, known.began = name, self._begin(pid) or known.began
                met[mac] = known
            else:
                began = self._begin(pid) or (self._now() if self._watched else None)
                met[mac] = _Run(name, began, self._watched)
        self._runs, self._watched = met, True

    def _begin(self, pid: int | None) -> float | None:
        return None if pid is None else self._started(pid)

    def of_this_run(self, mac: str, table: str, told: Collection[HostAddress]) -> list[str]:
        """Returns those of the addresses in a table (Lease, Arp) that it did not have from an earlier run. Call it after every
        reading of the table, also of an empty one: what went and came back is new."""
        run = self._runs.get(mac)
        if run is None:
            return []
        if table not in run.earlier:
            doubted = run.witnessed or table != "Arp"
            run.earlier[table] = {one.ip: one.stamp for one in told if _predates(run, one, doubted)}
        left = run.earlier[table] = {
            one.ip: one.stamp for one in told if run.earlier[table].get(one.ip) == one.stamp and _predates(run, one, True)
        }
        return [one.ip for one in told if one.ip not in left]

    def confirm(self, mac: str, table: str, answering: Collection[str]) -> list[str]:
        """Returns those that answer now and that the table had from an earlier run: they count from here on."""
        run = self._runs.get(mac)
        held = {} if run is None else run.earlier.get(table, {})
        return [ip for ip in answering if held.pop(ip, None) is not None]

    def left(self, mac: str, table: str) -> Collection[str]:
        """Returns what the table had last and does not count."""
        run = self._runs.get(mac)
        return () if run is None else tuple(run.earlier.get(table, ()))


def _predates(run: _Run, told: HostAddress, otherwise: bool) -> bool:
    """Tells whether an address is older than the run. ``otherwise``: the answer where the times are not known."""
    return otherwise if told.at is None or run.began is None else told.at < run.began
