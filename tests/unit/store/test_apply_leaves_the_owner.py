"""Whose a resource is stands in a label that the service writes: no apply takes it away, whoever applied it last."""

from __future__ import annotations

from homeostat.models.base import OWNER
from homeostat.store.three_way import apply_patch


def test_a_document_without_it_leaves_it() -> None:
    mine = {"metadata": {"labels": {OWNER: "bob", "app": "web"}}}
    assert apply_patch(mine, mine, {"metadata": {"labels": {"app": "web"}}}) == {}
    assert apply_patch(mine, mine, {}) == {"metadata": {"labels": {"app": None}}}
    assert mine["metadata"]["labels"][OWNER] == "bob", "what was remembered is left as it is"
