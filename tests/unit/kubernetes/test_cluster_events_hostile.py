"""Events are written by whoever may: what they say of themselves is read as far as it can be, and stops nothing."""

from __future__ import annotations

from typing import Any

import pytest

from homeostat.models.base import Key
from homeostat.store.kubernetes.events import FIELDS, read_event


def event(fields: str) -> dict[str, Any]:
    about = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "namespace": "team", "name": "web"}
    return {"metadata": {"uid": "e1", "annotations": {FIELDS: fields}}, "involvedObject": about, "reason": "Started"}


@pytest.mark.parametrize("fields", ["[" * 100_000, '{"a":' * 50_000, "no JSON", "[]", "null"])
def test_fields_that_are_none_are_passed_over(fields: str) -> None:
    found = read_event(event(fields))
    assert found is not None
    key, happening, _ = found
    assert (key, happening.reason, happening.fields) == (Key("VirtualMachine", "team", "web"), "Started", {})
