"""`--token-file FILE` with --server: what is no token is not sent, and not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.cli.main import run
from tests.rig.waiting import free_port


@pytest.mark.parametrize(
    "text",
    ["# of the panel\nhst_hidden\n", "hst_hidden\nhst_other", "hst_hidden\x07", "Bearer hst_hidden"],
    ids=["comment", "two", "control", "header"],
)
def test_it_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    words = ["--server", f"http://127.0.0.1:{free_port()}", "--token-file", str(file)]
    assert run([*words, "get", "vms"]) == 1
    said = capsys.readouterr().err
    assert f"error: --token-file {file} holds no token: that is one word" in said and "hidden" not in said
