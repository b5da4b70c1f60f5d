"""The forms in which resources are named on the command line."""

from __future__ import annotations

import pytest

from homeostat.cli.errors import CliError
from homeostat.cli.references import Reference, parse_references
from homeostat.models.machine import VirtualMachine

VM = VirtualMachine


@pytest.mark.parametrize(
    ("words", "references"),
    [
        (["vm"], [Reference(VM)]),
        (["vms", "web", "db"], [Reference(VM, "web"), Reference(VM, "db")]),
        (["vm/web", "virtualmachine.homeostat.dev/db"], [Reference(VM, "web"), Reference(VM, "db")]),
        (["VirtualMachine", "web"], [Reference(VM, "web")]),
    ],
)
def test_forms(words: list[str], references: list[Reference]) -> None:
    assert parse_references(words) == references


@pytest.mark.parametrize(
    ("words", "names"),
    [(["web"], ["web"]), (["web", "db"], ["web", "db"]), (["vm", "web"], ["web"]), (["vm/web"], ["web"]), (["vm"], ["vm"])],
)
def test_where_the_kind_is_clear_names_are_enough(words: list[str], names: list[str]) -> None:
    assert [reference.name for reference in parse_references(words, default_kind="vm")] == names


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vm/web", "db"], "either as kind/name"),
        (["vmss"], "did you mean"),
        (["vm/"], "not of the form"),
        (["vm/a/b"], "not of the form"),
        ([], "Name a kind"),
    ],
)
def test_mistakes_are_explained(words: list[str], said: str) -> None:
    with pytest.raises(CliError) as raised:
        parse_references(words)
    assert said in f"{raised.value} {raised.value.mend}"
