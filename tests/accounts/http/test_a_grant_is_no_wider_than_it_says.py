"""A grant over REST to everybody, to a kind or to a namespace is asked for as that: neither a field that is empty nor an account
that is left out makes a grant wider."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.asker import Asker

ONE: dict[str, Any] = {"account": "ada", "rights": ["see"], "namespace": "lab", "kind": "Disk", "name": "data"}


@pytest.mark.parametrize("field", ["account", "namespace", "kind", "name"])
def test_an_empty_field_is_refused(root: Asker, field: str) -> None:
    assert root.ask("POST", "grants", **{**ONE, field: ""}).status_code == 400
    assert root.done("GET", "grants") == {"grants": []}


def test_an_empty_kind_is_not_all_kinds(root: Asker) -> None:
    assert root.ask("POST", "grants", account="ada", rights=["see"], namespace="lab", kind="").status_code == 400
    assert root.done("GET", "grants") == {"grants": []}


def test_who_is_given_it_is_said(root: Asker) -> None:
    answer = root.ask("POST", "grants", **{name: value for name, value in ONE.items() if name != "account"})
    assert answer.status_code == 400 and answer.json["error"] == "account: is missing"
    assert root.done("GET", "grants") == {"grants": []}


def test_everybody_and_everything_can_be_said(root: Asker) -> None:
    given = root.done("POST", "grants", account=None, rights=["see"], namespace="lab")
    assert (given["account"], given["kind"], given["name"]) == (None, "", "")
