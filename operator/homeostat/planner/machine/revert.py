"""After `virsh snapshot-revert`: the domain has the definition of the snapshot's time again, and our record of that time with it.

What that record lacks has been carried out since. So the tokens of the spec count as carried out, what differs is drift and no
new spec, and the end of the run before it is no crash. The record then says of which run that was said, so that a token given
later is carried out.
"""

from __future__ import annotations

from dataclasses import replace

from homeostat.models.machine import VirtualMachine

from ..domain import Record
from ..observed import REVERTED, ObservedDomain

_OFF = "off"


def adopt_reverted(machine: VirtualMachine, domain: ObservedDomain | None, record: Record) -> Record:
    """The record as it would stand had nobody brought an older one back; as it is where nobody did."""
    run = _reverted_run(domain)
    if not run:
        return replace(record, reverted="") if record.reverted else record
    if record.reverted == run:
        return record
    spec = machine.spec
    return replace(
        record, restarted_at=spec.restarted_at or "", powered_off_at=spec.powered_off_at or "", restarted_for="", reverted=run
    )


def just_reverted(domain: ObservedDomain) -> bool:
    """Whether the domain's record is that of a snapshot, and not of what the spec was brought to last."""
    run = _reverted_run(domain)
    return bool(run) and (domain.record is None or domain.record.reverted != run)


def _reverted_run(domain: ObservedDomain | None) -> str:
    if domain is None or domain.reason != REVERTED:
        return ""
    return domain.run or _OFF
