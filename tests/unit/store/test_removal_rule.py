"""The removal rule by itself: what goes, what waits for its time, what is held."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.base import Key
from homeostat.store.files.passes.removal import BUDGET, NEVER, SETTLE, Absence, Circumstances, Loss, Ruling, rule, takes_away


def vm(name: str) -> Key:
    return Key("VirtualMachine", "default", name)


def ruled(absences: Sequence[Absence], standing: int = 100, *, settle: float = SETTLE, **more: int | str) -> Ruling:
    return rule(absences, Circumstances(standing, **more), settle)  # type: ignore[arg-type]


def test_a_machine_waits_for_the_settling_time_and_then_goes() -> None:
    assert ruled([Absence(vm("a"), 4.9)]).waiting == {vm("a")}
    assert ruled([Absence(vm("a"), 5.0)]).go == {vm("a")}


def test_what_nothing_runs_in_waits_shorter() -> None:
    plugin = Key("Plugin", "default", "p")
    assert ruled([Absence(plugin, 1.0)]).go == {plugin}
    assert ruled([Absence(plugin, 0.1)], settle=0.1).go == {plugin}


def test_doubt_holds_and_is_told_once_it_lasts() -> None:
    fresh, old = Absence(vm("a"), 1, "why"), Absence(vm("b"), 9, "why")
    ruling = ruled([fresh, old])
    assert (ruling.go, ruling.held, ruling.waiting) == (frozenset(), {vm("b"): "why"}, {vm("a")})


def test_what_was_held_is_told_by_every_pass_until_the_doubt_ends() -> None:
    """Also by those of other processes, which never let anything go."""
    absence = Absence(vm("a"), 0, "why")
    assert rule([absence], Circumstances(9), NEVER, told={vm("a")}).held == {vm("a"): "why"}
    assert not rule([absence], Circumstances(9), NEVER).held
    assert not rule([Absence(vm("a"), 0)], Circumstances(9), NEVER, told={vm("a")}).held


def test_what_went_with_all_of_the_folder_is_held_until_it_is_back_or_confirmed() -> None:
    old = [Absence(vm("a"), 9), Absence(vm("b"), 9)]
    bare = rule(old, Circumstances(9, bare="it is empty"), SETTLE)
    assert bare.emptied == bare.held.keys() == {vm("a"), vm("b")}
    later = rule(old, Circumstances(9), SETTLE, told=bare.held, emptied={vm("a")})
    assert (later.go, set(later.held), later.emptied) == ({vm("b")}, {vm("a")}, {vm("a")})
    assert rule(old, Circumstances(9), SETTLE, emptied={vm("a")}, confirmed={vm("a")}).go == {vm("a"), vm("b")}
    assert rule([Absence(vm("a"), 1)], Circumstances(9, bare="it is empty"), SETTLE).emptied == frozenset(), "nobody was told"


def test_a_confirmation_overrules_doubt_and_time_for_those_named() -> None:
    absences = [Absence(vm("a"), 0, "why"), Absence(vm("b"), 0, "why")]
    assert rule(absences, Circumstances(9), NEVER, confirmed={vm("a")}).go == {vm("a")}


def test_the_brake_counts_what_has_not_settled_and_what_went_before() -> None:
    settled = [Absence(vm("a"), 9)]
    many = [Absence(vm(f"m{n}"), 0) for n in range(BUDGET)]
    assert "11 of 20 resources" in ruled([*settled, *many], 20).held[vm("a")]
    assert ruled([*settled, *many], 22).go == {vm("a")}  # just half
    assert "1 more of 21 resources would be deleted, after 10 within" in ruled(settled, 11, taken=10).brake
    assert ruled(settled, 12, taken=10).go == {vm("a")}


def test_a_deployment_counts_with_its_machines() -> None:
    assert ruled([Absence(Key("VirtualMachineDeployment", "default", "d"), 9, weight=11)], 12).brake


def test_a_confirmation_of_some_does_not_release_the_brake() -> None:
    absences = [Absence(vm(f"m{n}"), 9) for n in range(12)]
    assert not rule(absences, Circumstances(12), SETTLE, confirmed={vm("m1")}).go
    assert len(rule(absences, Circumstances(12), SETTLE, confirmed={a.key for a in absences}).go) == 12


def test_fewer_replicas_and_lost_disks_are_taken_away_and_nothing_else() -> None:
    def of_machine(old: dict[str, object], new: dict[str, object]) -> Loss | None:
        return takes_away("VirtualMachine", old, new)

    assert takes_away("VirtualMachineDeployment", {"replicas": 5}, {"replicas": 2}) == Loss("replicas: 5 -> 2", 3)
    assert takes_away("VirtualMachineDeployment", {"replicas": 5}, {}) == Loss("replicas: 5 -> 1", 4)
    assert takes_away("VirtualMachineDeployment", {}, {"replicas": 1, "paused": True}) is None
    assert takes_away("VirtualMachineDeployment", {"replicas": 2}, {"replicas": 5}) is None
    root, logs = {"name": "root", "size": "1Gi"}, {"name": "logs", "size": "1Gi"}
    assert of_machine({"disks": [root, logs]}, {"disks": [root]}) == Loss("disks[logs] would go", 1)
    assert of_machine({"disks": [root, logs]}, {}) == Loss("disks[root], disks[logs] would go", 1)
    assert of_machine({"disks": [logs]}, {"disks": [{"name": "logs", "type": "cdrom"}]}) == Loss("disks[logs] would go", 1)
    assert of_machine({"disks": [root, logs]}, {"disks": [logs, {**root, "size": "2Gi"}], "runStrategy": "Halted"}) is None
    assert of_machine({"disks": [{"name": "iso", "type": "cdrom"}]}, {}) is None
    assert of_machine({"disks": [{**logs, "reclaimPolicy": "Retain"}]}, {}) is None
    assert of_machine({"disks": [logs], "reclaimPolicy": "Retain"}, {}) is None
    assert of_machine({"disks": [{**logs, "reclaimPolicy": "Delete"}], "reclaimPolicy": "Retain"}, {}) is not None
    assert of_machine({"pluginRef": {"name": "p"}}, {}) is not None
    assert takes_away("Plugin", {"rootfs": {"url": "u"}, "disks": [logs]}, {"disks": [logs]}) is not None
    assert takes_away("Plugin", {"type": "service"}, {"type": "batch"}) is None


def test_what_a_document_takes_away_settles_is_held_and_counts_as_a_removal_does() -> None:
    web = Key("VirtualMachineDeployment", "default", "web")
    assert ruled([Absence(web, 4.9, takes="replicas: 3 -> 1")]).waiting == {web}
    assert ruled([Absence(web, 5.0, takes="replicas: 3 -> 1")]).go == {web}
    assert ruled([Absence(web, 5.0, "a bisect", takes="replicas: 3 -> 1")]).held == {web: "replicas: 3 -> 1: a bisect"}
    assert "199 of 202 resources would be deleted at once" in ruled([Absence(web, 9, "", 199, "fewer")], 202).held[web]
    assert "or lose disks" in ruled([Absence(vm(f"m{n}"), 9, takes="disks") for n in range(12)], 12).brake
    plugin = Key("Plugin", "default", "p")
    assert ruled([Absence(plugin, 1.0, takes="disks")]).waiting == {plugin}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.builds(Absence, st.sampled_from("abcdef").map(vm), st.floats(0, 10), st.sampled_from(["", "why"]), st.integers(1, 9)),
        unique_by=lambda absence: absence.key,
    ),
    st.integers(0, 60),
    st.integers(0, 30),
    st.sampled_from([0.0, 5.0, NEVER]),
)
def test_nothing_goes_that_is_in_doubt_or_too_early_or_too_much(
    absences: list[Absence], others: int, taken: int, settle: float
) -> None:
    standing = others + sum(absence.weight for absence in absences)
    ruling = rule(absences, Circumstances(standing, taken), settle)
    known = {absence.key: absence for absence in absences}
    assert ruling.go | set(ruling.held) | ruling.waiting == set(known)
    assert all(not known[key].doubt and known[key].seconds >= settle for key in ruling.go)
    going = taken + sum(known[key].weight for key in ruling.go)
    assert not ruling.go or going <= BUDGET or 2 * going <= standing + taken
