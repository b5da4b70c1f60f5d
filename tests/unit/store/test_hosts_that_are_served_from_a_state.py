"""Which libvirt an API finds beside it: only what the operator says that the host's status names."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.store.files.serving import hosts_beside, libvirt_beside, say_served
from homeostat.store.files.state import StateFolder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder.open(tmp_path / "state")


def test_it_is_of_the_operator_that_serves_the_host(state: StateFolder) -> None:
    assert libvirt_beside(state, "a", "one") is None
    say_served(state, "one", {"a": "test:///default"})
    assert libvirt_beside(state, "a", "one") == "test:///default"
    assert libvirt_beside(state, "b", "one") is None
    assert libvirt_beside(state, "a", "two") is None, "it serves it from elsewhere"


def test_a_standby_that_took_over_is_found(state: StateFolder) -> None:
    say_served(state, "one", {"a": "test:///default"})
    say_served(StateFolder.open(state.standby(2)), "two", {"a": "qemu:///system"})
    assert libvirt_beside(state, "a", "two") == "qemu:///system"
    assert hosts_beside(state) == {"a"}


def test_all_hosts_that_are_served_from_it(state: StateFolder) -> None:
    assert hosts_beside(state) == frozenset()
    say_served(state, "one", {"a": "test:///default", "b": "test:///default"})
    say_served(StateFolder.open(state.standby(2)), "two", {"c": "qemu:///system"})
    assert hosts_beside(state) == {"a", "b", "c"}


@pytest.mark.parametrize("text", ["", "[]", '{"one": "a"}', '{"one": {"a": ""}}'])
def test_what_is_no_such_file_says_nothing(state: StateFolder, text: str) -> None:
    state.serving_file.write_text(text)
    assert libvirt_beside(state, "a", "one") is None
