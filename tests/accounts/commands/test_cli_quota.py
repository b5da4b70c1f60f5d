"""`homeostat quota`: how much accounts may have."""

from __future__ import annotations

import json

import pytest

from tests.accounts.calls import Call


@pytest.fixture
def people(call: Call) -> Call:
    call("user", "add", "root", "--role", "administrator", "--no-password")
    call("user", "add", "bob", "--no-password")
    return call


def test_where_there_are_no_accounts(call: Call) -> None:
    assert call("quota", "list").out == "There are no accounts.\n"
    assert "there are no accounts yet" in call("quota", "set", "bob", "machines=1", code=1).err
    assert "there are no accounts yet" in call("quota", "roles", code=1).err


def test_set_and_listed(people: Call) -> None:
    people("quota", "set", "--role", "user", "machines=3", "memory=8Gi")
    assert people("quota", "set", "bob", "machines=5", "disk=unlimited").out.splitlines()[1].split()[:3] == ["bob", "user", "0/5"]
    rows = [line.split() for line in people("quota", "list").out.splitlines()]
    assert rows[0] == ["ACCOUNT", "ROLE", "MACHINES", "RUNNING", "VCPUS", "MEMORY", "DISK", "SNAPSHOTS", "UPLOADS", "CONSOLES"]
    assert rows[1:] == [
        ["bob", "user", "0/5", "0", "0", "0/8Gi", "0", "0", "0", "0"],
        ["root", "administrator", "0", "0", "0", "0", "0", "0", "0", "0"],
    ]
    assert people("quota", "roles").out.splitlines()[1].split()[:5] == ["user", "3", "unlimited", "unlimited", "8Gi"]
    shown = json.loads(people("quota", "list", "bob", "-o", "json").out)
    assert shown["quotas"]["machines"] == {"used": 0, "limit": 5, "own": True}
    assert shown["quotas"]["memory"] == {"used": 0, "limit": 8 * 2**30, "own": False}
    assert json.loads(people("quota", "roles", "-o", "json").out)[0]["limits"]["machines"] == 3
    people("quota", "set", "bob", "machines=default")
    assert json.loads(people("quota", "list", "bob", "-o", "json").out)["quotas"]["machines"]["limit"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("bob",), "no limit is given"),
        (("bob", "machine=5"), "'machine=5' is no limit"),
        (("bob", "machines"), "'machines' is no limit"),
        (("bob", "machines=lots"), "machines: 'lots' is no limit"),
        (("machines=5",), "no limit is given"),
        ((), "whose quota?"),
        (("bob", "machines=5", "--role", "user"), "whose quota?"),
        (("eve", "machines=5"), "eve"),
    ],
)
def test_what_cannot_be(people: Call, words: tuple[str, ...], said: str) -> None:
    assert said in people("quota", "set", *words, code=1).err
    assert json.loads(people("quota", "list", "bob", "-o", "json").out)["quotas"]["machines"]["limit"] is None
