"""The removal rule by itself: what goes, what waits for its time, what is held."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.base import Key
from homeostat.store.files.removal import BUDGET, NEVER, SETTLE, Absence, Circumstances, Ruling, rule


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
