"""Over a cluster an upload is of use only where an operator works on the same state folder."""

from __future__ import annotations

from pathlib import Path

from homeostat.store.files.state import StateFolder
from homeostat.store.kubernetes.access import Access
from homeostat_api.config import ApiConfig


def test_an_api_without_an_operator_beside_it_says_so(tmp_path: Path) -> None:
    state = StateFolder.open(tmp_path / "state")
    served = ApiConfig(None, state.root, cluster=Access())
    assert "no operator beside it" in served.uploads_elsewhere
    with state.operator_lock():
        assert served.uploads_elsewhere == ""
    assert ApiConfig(tmp_path, state.root).uploads_elsewhere == "", "a folder's operator may come later"
