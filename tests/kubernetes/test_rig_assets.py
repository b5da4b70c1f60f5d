"""Where the rig's programs come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rig.kubernetes.assets import Assets


def test_envtest_assets_win(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    found = Assets.find()

    assert found.directory == tmp_path
    assert found.controller_manager is None


def test_an_empty_cache_is_said_and_not_filled_by_a_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(RuntimeError, match="build-apiserver once, or set KUBEBUILDER_ASSETS"):
        Assets.find()

    assert list(tmp_path.iterdir()) == []
