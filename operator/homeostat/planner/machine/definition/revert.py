"""After `virsh snapshot-revert`: the domain has its definition from the time of the snapshot again, and our record from that
time.

What that record lacks has been carried out since. So the tokens of the spec count as carried out. What differs is drift and not a
new spec, and the end of the run before it is not a crash. The record then says for which run that was said, so that a token given
later is carried out.

libvirt's reason tells of a revert, but not while it is under way: the old record is there earlier. Then it is recognised because
the record is older than one that we saw or wrote.
"""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.machine import VirtualMachine

from ...domain import Record
from ...observed import REVERTED, Observed, ObservedDomain

_OFF = "off"


def adopt_reverted(machine: VirtualMachine, observed: Observed, record: Record) -> Record:
    """Returns the record as it would be if nobody had brought an older one back; unchanged where nobody did."""
    run = _reverted_run(observed.domain)
    if not just_reverted(observed):
        return record if run or not record.reverted else replace(record, reverted="")
    spec = machine.spec
    return replace(
        record, restarted_at=spec.restarted_at or "", powered_off_at=spec.powered_off_at or "", restarted_for="", reverted=run
    )


def just_reverted(observed: Observed) -> bool:
    """Tells whether the domain's record is that of a snapshot, and not of what the spec was brought to last."""
    domain = observed.domain
    run = _reverted_run(domain)
    return went_back(observed) or (bool(run) and (domain is None or domain.record is None or domain.record.reverted != run))


def went_back(observed: Observed) -> bool:
    """Tells whether the domain's record is older than one that was there before. That holds until we write another one."""
    record = observed.domain.record if observed.domain else None
    return record is not None and record.written_at < observed.memory.written_at


def _reverted_run(domain: ObservedDomain | None) -> str:
    if domain is None or domain.reason != REVERTED:
        return ""
    return domain.run or _OFF
