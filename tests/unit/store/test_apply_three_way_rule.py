"""kubectl's three-way rule: what an earlier apply set and this one does not say goes, what no apply ever set is left alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.store.merge import merge_patch
from homeostat.store.three_way import apply_patch, intent, left_alone

Spec = dict[str, Any]
ROOT, DATA, LOGS = ({"name": name, "size": "1Gi"} for name in ("root", "data", "logs"))


def after(last: Spec | None, before: Spec, given: Spec) -> Spec:
    """The spec once ``given`` was applied."""
    patch = apply_patch(None if last is None else {"spec": last}, {"spec": before}, {"spec": given})
    found: Spec = merge_patch({"spec": before}, patch)["spec"]
    return found


@pytest.mark.parametrize(
    ("last", "before", "given", "expected"),
    [
        # Set by others: `scale`, `stop`, `plugin enable`, an edit by hand.
        ({}, {"replicas": 5}, {}, {"replicas": 5}),
        ({"replicas": 3}, {"replicas": 5}, {"replicas": 3}, {"replicas": 3}),
        ({"a": 1}, {"a": 1, "runStrategy": "Halted"}, {"a": 2}, {"a": 2, "runStrategy": "Halted"}),
        ({"runStrategy": "Always"}, {"runStrategy": "Halted"}, {"runStrategy": "Always"}, {"runStrategy": "Always"}),
        ({"version": "1"}, {"version": "1", "enabled": False}, {"version": "2"}, {"version": "2", "enabled": False}),
        ({"r": {"vcpu": 2}}, {"r": {"vcpu": 2, "memory": "1Gi"}}, {"r": {"vcpu": 3}}, {"r": {"vcpu": 3, "memory": "1Gi"}}),
        # Removed from what is applied.
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 1}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1}, {"a": 1}),  # also where somebody changed it meanwhile, as kubectl does
        ({"a": 1, "b": 2}, {"a": 1}, {"a": 1}, {"a": 1}),
        ({"r": {"vcpu": 2, "memory": "1Gi"}}, {"r": {"vcpu": 2, "memory": "1Gi"}}, {"r": {"vcpu": 2}}, {"r": {"vcpu": 2}}),
        ({"probes": {"x": {"port": 1}}}, {"probes": {"x": {"port": 1, "scheme": "HTTPS"}}}, {}, {}),
        # Taken away by others, and still applied.
        ({"a": 1, "b": 2}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        # Nobody remembers: nothing is taken away.
        (None, {"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        (None, {"disks": [ROOT, DATA]}, {"disks": [ROOT]}, {"disks": [ROOT, DATA]}),
        # Disks and nics, by their names.
        ({"disks": [ROOT]}, {"disks": [ROOT, DATA]}, {"disks": [ROOT]}, {"disks": [ROOT, DATA]}),
        ({"disks": [ROOT, DATA]}, {"disks": [ROOT, DATA, LOGS]}, {"disks": [ROOT]}, {"disks": [ROOT, LOGS]}),
        ({"disks": [ROOT, DATA]}, {"disks": [ROOT, DATA]}, {}, {}),
        ({"disks": [ROOT]}, {"disks": [ROOT, DATA]}, {}, {"disks": [DATA]}),
        ({"disks": [ROOT]}, {"disks": [LOGS, ROOT]}, {"disks": [ROOT]}, {"disks": [LOGS, ROOT]}),
        ({"disks": [ROOT]}, {"disks": [ROOT, LOGS, DATA]}, {"disks": [ROOT]}, {"disks": [ROOT, LOGS, DATA]}),
        ({"disks": [ROOT]}, {"disks": [ROOT, LOGS]}, {"disks": [ROOT, DATA]}, {"disks": [ROOT, LOGS, DATA]}),
        ({"disks": [ROOT, DATA]}, {"disks": [ROOT, LOGS, DATA]}, {"disks": [DATA, ROOT]}, {"disks": [DATA, ROOT, LOGS]}),
        ({"disks": [ROOT]}, {"disks": [ROOT | {"cache": "none"}]}, {"disks": [ROOT]}, {"disks": [ROOT | {"cache": "none"}]}),
        ({"disks": [ROOT | {"cache": "none"}]}, {"disks": [ROOT | {"cache": "none"}]}, {"disks": [ROOT]}, {"disks": [ROOT]}),
        ({"disks": [ROOT]}, {"disks": [ROOT]}, {"disks": [ROOT | {"size": "2Gi"}]}, {"disks": [ROOT | {"size": "2Gi"}]}),
        ({"disks": [ROOT]}, {"disks": [ROOT, DATA]}, {"disks": []}, {"disks": [DATA]}),
        ({"nics": []}, {"nics": []}, {"nics": [ROOT]}, {"nics": [ROOT]}),
        ({}, {}, {"nics": []}, {"nics": []}),
        # Other lists are one value.
        ({"features": ["a"]}, {"features": ["a", "b"]}, {"features": ["a"]}, {"features": ["a"]}),
        ({}, {"features": ["b"]}, {}, {"features": ["b"]}),
        ({"h": [ROOT, ROOT]}, {"h": [ROOT, ROOT, DATA]}, {"h": [ROOT, ROOT]}, {"h": [ROOT, ROOT]}),
        # Another type is another value.
        ({"v": True}, {"v": True}, {"v": 1}, {"v": 1}),
        ({"nic": "a"}, {"nic": "a"}, {"nic": {"b": 1}}, {"nic": {"b": 1}}),
        ({"nic": {"b": 1}}, {"nic": {"b": 1}}, {"nic": "a"}, {"nic": "a"}),
        ({}, {}, {"cloudInit": {}}, {"cloudInit": {}}),
    ],
)  # fmt: skip
def test_a_spec_after_an_apply(last: Spec | None, before: Spec, given: Spec, expected: Spec) -> None:
    found = after(last, before, given)
    assert found == expected and repr(found) == repr(expected)
    assert apply_patch({"spec": given}, {"spec": found}, {"spec": given}) == {}, "and once more: nothing"


def test_labels_and_annotations_keep_to_it_too_and_other_metadata_is_nobodys() -> None:
    def form(labels: Spec, **more: Any) -> Spec:
        return {"metadata": {"name": "web", "labels": labels, **more}, "spec": {}}

    before = form({"app": "web", "by": "hand"}, annotations={"homeostat.dev/run-strategy": "Always"}, uid="u", generation=3)
    patch = apply_patch(form({"app": "web", "old": "x"}), before, form({"tier": "front"}))
    assert patch == {"metadata": {"labels": {"app": None, "tier": "front"}}}
    assert apply_patch(form({"app": "web"}), before, {"metadata": {"name": "web"}}) == {"metadata": {"labels": {"app": None}}}
    assert intent(before) == {"spec": {}, "metadata": {"labels": before["metadata"]["labels"],
                                                       "annotations": before["metadata"]["annotations"]}}  # fmt: skip


def test_what_is_left_alone_is_named_by_its_place() -> None:
    before = {"spec": {"a": 1, "r": {"vcpu": 1, "memory": 2}, "disks": [ROOT, DATA]}}
    assert left_alone(before, {"spec": {"r": {"vcpu": 1}, "disks": [ROOT]}}) == (
        "spec.a", "spec.r.memory", "spec.disks[data]",
    )  # fmt: skip
    assert left_alone(before, before) == ()


NAMED = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3).flatmap(
    lambda names: st.tuples(*(st.fixed_dictionaries({"name": st.just(name), "size": st.integers(0, 1)}) for name in names)).map(
        list
    )
)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "x": st.integers(0, 2),
        "map": st.dictionaries(st.sampled_from("ab"), st.integers(0, 1), max_size=2),
        "list": st.lists(st.integers(0, 1), max_size=2),
        "disks": NAMED,
    },
)


def leaves(value: Any, place: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        value = {item["name"]: item for item in value}
    if isinstance(value, dict) and value:
        return {k: v for name, part in value.items() for k, v in leaves(part, (*place, name)).items()}
    return {place: value}


@given(SPECS, SPECS, SPECS)
@settings(max_examples=80, deadline=None)
def test_the_law(last: Spec, before: Spec, given: Spec) -> None:
    found, had, old, new = (leaves(s) for s in (after(last, before, given), last, before, given))
    empty = ([], {})
    assert all(found.get(place) == value for place, value in new.items() if value not in empty), "what it says stands"
    for place, value in old.items() if before else ():
        theirs = not any(place[:n] in tops for n in range(len(place) + 1) for tops in (_tops(last), _tops(given)))
        whole = place[0] == "map" and "map" in last and "map" not in given  # a map that an apply set goes as a whole
        if theirs and not whole and value not in empty:
            assert found.get(place) == value, "what no apply ever set is left alone"
    gone = {place for place in had if place in old and place and not _within(place, given)}
    assert not gone & found.keys(), "what an earlier one set goes"


def _tops(spec: Spec) -> set[tuple[str, ...]]:
    """All places that a spec names, but for maps and named lists themselves."""
    return {place for place in leaves(spec) if place}


def _within(place: tuple[str, ...], spec: Spec) -> bool:
    return any(place[: len(other)] == other or other[: len(place)] == place for other in leaves(spec) if other)
