"""`homeostat token`: tokens of accounts, printed once, on standard output alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.accounts.calls import Call


@pytest.fixture
def bob(call: Call) -> None:
    call("user", "add", "root", "--role", "administrator", "--no-password")
    call("user", "add", "bob", "--no-password")


def test_where_there_are_no_accounts(call: Call, tmp_path: Path) -> None:
    assert call("token", "list").out == "There are no tokens.\n"
    for words in (("create", "bob", "ci", "--scope", "see"), ("revoke", "bob", "ci")):
        assert "user add NAME --role administrator" in call("token", *words, code=1).err
    assert not (tmp_path / "state").exists()


def test_made_listed_and_revoked(call: Call, bob: None, tmp_path: Path) -> None:
    made = call("token", "create", "BOB", "ci", "--scope", "see", "--scope", "change", "--expires-in", "90d")
    assert made.out.startswith("hst_") and made.out.count("\n") == 1
    assert made.err == "token ci of bob created; it is shown this once:\n"
    call("token", "create", "root", "all", "--scope", "administer")
    listed = call("token", "list").out.splitlines()
    assert [line.split() for line in listed[1:]] == [
        ["bob", "ci", "change,see", "89d", "never", "0s"],
        ["root", "all", "administer", "never", "never", "0s"],
    ]
    [shown] = json.loads(call("token", "list", "bob", "-o", "json").out)
    assert (shown["account"], shown["name"], shown["scopes"], shown["lastUsedAt"]) == ("bob", "ci", ["change", "see"], None)
    assert made.out.strip() not in call("token", "list", "-o", "yaml").out
    assert call("token", "revoke", "bob", "ci").out == "token ci of bob revoked\n"
    assert call("token", "list", "bob", "-o", "name").out == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "bob", "ci"), 2),
        (("create", "bob", "ci", "--scope", "levitate"), 2),
        (("create", "nobody", "ci", "--scope", "see"), 1),
        (("create", "bob", "c i", "--scope", "see"), 1),
        (("create", "bob", "ci", "--scope", "see", "--expires-in", "soon"), 1),
        (("create", "bob", "ci", "--scope", "see", "--expires-in", "0s"), 1),
        (("create", "bob", "ci", "--scope", "see", "--expires-in", "9" * 30 + "d"), 1),
        (("revoke", "bob", "ci"), 1),
        (("list", "nobody"), 1),
    ],
)
def test_what_is_refused(call: Call, bob: None, words: tuple[str, ...], code: int) -> None:
    said = call("token", *words, code=code)
    assert said.out == "" and "defect" not in said.err
    assert call("token", "list", "-o", "json").out == "[]\n"
