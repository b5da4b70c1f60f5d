"""In a cluster an orphan is taken up by an object that names its identity, and by nothing else."""

from __future__ import annotations

from dataclasses import replace

from homeostat.planner.orphans import NETWORK, RETAINED, Orphan, mend

LOST = Orphan("lab", "db", "running", "lab--db", uid="5b0cf6b1", of_object=True)


def test_a_domain_is_found_by_the_annotation() -> None:
    assert mend(LOST) == (
        "apply the machine again with the annotation `homeostat.dev/identity: lab/db/5b0cf6b1` (it finds its domain and disks); "
        "to be rid of it, delete that machine then"
    )


def test_of_an_operator_that_does_not_say_its_identity() -> None:
    assert "`homeostat.dev/identity: lab/db/IDENTITY`" in mend(replace(LOST, uid=""))


def test_disks_alone_are_found_by_their_name() -> None:
    kept = replace(LOST, state=RETAINED, domain="", directory="/state/machines/lab/db", disks=("root",))
    assert mend(kept) == (
        "apply the machine again, for that host (it finds its disks); to be rid of it, delete that machine then"
    )


def test_a_network_is_found_by_the_annotation_too() -> None:
    network = Orphan("lab", "lan", NETWORK, uid="0b7c8c33", network="lab--lan", of_object=True)
    assert mend(network).startswith(
        "apply the Network again with the annotation `homeostat.dev/identity: lab/lan/0b7c8c33` (it finds it), or `virsh "
    )
