"""`homeostat grant`: rights to what an account does not own."""

from __future__ import annotations

import json

import pytest

from tests.accounts.calls import Call

SEE = ("--right", "see")


def test_where_there_are_no_accounts(call: Call) -> None:
    assert call("grant", "list").out == "There are no grants.\n"
    assert "there are no accounts yet" in call("grant", "give", "--everybody", *SEE, code=1).err
    assert "there are no accounts yet" in call("grant", "take", "x", code=1).err


def test_given_listed_and_taken_back(call: Call) -> None:
    call("user", "add", "root", "--role", "administrator", "--no-password")
    call("user", "add", "bob", "--no-password")
    web = call("grant", "give", "vm/web", "--account", "bob", *SEE, "--right", "change").out
    assert web.endswith(": bob may change,see VirtualMachine/web in namespace default\n")
    assert "every Disk in namespace demo" in call("grant", "give", "disk", "--account", "root", *SEE, "-n", "demo").out
    assert "everybody may see all in namespace demo" in call("grant", "give", "--everybody", *SEE, "-n", "demo").out
    rows = [line.split()[1:5] for line in call("grant", "list").out.splitlines()[1:]]
    assert rows == [
        ["(everybody)", "see", "demo", "all"],
        ["bob", "change,see", "default", "VirtualMachine/web"],
        ["root", "see", "demo", "every"],
    ]
    shown = json.loads(call("grant", "list", "bob", "-o", "json").out)
    assert [(each["account"], each["kind"], each["name"]) for each in shown] == [
        (None, None, None),
        ("bob", "VirtualMachine", "web"),
    ]
    name = shown[1]["id"]
    assert call("grant", "take", name).out == f"grant {name} taken back\n"
    assert "homeostat grant list" in call("grant", "take", name, code=1).err
    assert call("grant", "list", "-o", "yaml").out.count("- id:") == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("vm/web", *SEE), 1),
        (("vm/web", "--account", "bob", "--everybody", *SEE), 1),
        (("vm/web", "--account", "bob"), 2),
        (("vm/web", "--account", "bob", "--right", "administer"), 2),
        (("sheep/web", "--account", "bob", *SEE), 1),
        (("vm/../web", "--account", "bob", *SEE), 1),
        (("vm/web", "--account", "nobody", *SEE), 1),
        (("vm,disk", "--account", "bob", *SEE), 1),
        (("all", "--account", "bob", *SEE), 1),
        (("", "--account", "bob", *SEE), 1),  # a variable of the shell that is not set: not all there is
    ],
)
def test_what_is_refused(call: Call, words: tuple[str, ...], code: int) -> None:
    call("user", "add", "root", "--role", "administrator", "--no-password")
    call("user", "add", "bob", "--no-password")
    said = call("grant", "give", *words, code=code)
    assert said.out == "" and "defect" not in said.err
