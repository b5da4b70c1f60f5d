"""Kubernetes mode says which packages it needs, where they are not installed."""

from __future__ import annotations

import pytest

from homeostat.store.kubernetes import access
from homeostat.store.kubernetes.errors import ClusterUnavailable


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "PACKAGES", ("no_such_package", "kopf"))
    with pytest.raises(ClusterUnavailable, match=r"needs no_such_package, .*pip install 'homeostat\[kubernetes\]'"):
        access.Access()


def test_nothing_is_said_where_they_are() -> None:
    access.Access()
