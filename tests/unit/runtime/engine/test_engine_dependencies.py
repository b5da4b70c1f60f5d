"""Who is looked at again when something changes: whoever rests on it, in whatever respect, until it rests on it no more."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.models.base import Key
from homeostat.runtime.engine.dependencies import Dependencies

WEB, DB, APP = (Key("VirtualMachine", "default", name) for name in ("web", "db", "app"))

keys = st.sampled_from([WEB, DB, APP])
nodes = st.sampled_from(["a", "b", "c"])
steps = st.lists(st.tuples(keys, st.sampled_from(["spec", "host"]), st.none() | st.sets(nodes)), max_size=30)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_it_knows_what_a_plain_list_of_all_edges_would(history: list[tuple[Key, str, set[str] | None]]) -> None:
    """``None``: the resource has gone."""
    known = Dependencies()
    edges: dict[tuple[Key, str], set[str]] = {}
    for key, why, on in history:
        if on is None:
            gone = {node for (of, _), nodes in edges.items() if of == key for node in nodes}
            assert known.forget(key) == gone
            edges = {place: nodes for place, nodes in edges.items() if place[0] != key}
        else:
            assert known.rest(key, why, on) == edges.get((key, why), set()) ^ on
            edges[key, why] = on
        for node in ("a", "b", "c"):
            assert set(known.resting_on(node)) == {of for (of, _), nodes in edges.items() if node in nodes}


def test_those_that_came_first_are_named_first_and_each_once() -> None:
    known = Dependencies()
    known.rest(WEB, "spec", ["a"])
    known.rest(DB, "spec", ["a"])
    known.rest(WEB, "host", ["a"])
    assert known.resting_on("a") == [WEB, DB]
    known.rest(WEB, "spec", [])
    assert known.resting_on("a") == [WEB, DB], "it still rests on it in another respect"


def test_what_rests_on_nothing_leaves_nothing_behind() -> None:
    known = Dependencies()
    known.rest(WEB, "spec", ["a"])
    known.rest(WEB, "spec", [])
    known.forget(WEB)
    assert known.resting_on("a") == [] and known._resting == {}
