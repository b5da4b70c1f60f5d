"""`homeostat trash` in a cluster: what other hosts have is listed, and the API there puts it back or erases it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from homeostat.cli.main import run
from homeostat.store.files.state import StateFolder
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.mirror import Mirror
from tests.rig.answering import Silent, answering

TOLD = {"namespace": "default", "name": "web", "of": "VirtualMachine", "since": "2026-01-01T00:00:00Z", "returns": True}


class Beside(Silent):
    """The API of the other host."""

    asked: ClassVar[list[str]] = []

    def _answer(self) -> None:
        self.asked.append(f"{self.command} {self.path} {self.headers['Authorization']}")
        status, said = (409, {"error": "a disk is there"}) if "taken" in self.path else (200, {"restored": ["/far/root.qcow2"]})
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = _answer


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Beside, "asked", [])
    with answering(Beside) as url:
        yield url


@pytest.fixture
def state(tmp_path: Path, api: str) -> Path:
    """The state folder of an operator on another host than these."""
    room = StateFolder.open(tmp_path / "state")
    room.claim_cluster("1b2c")
    index = Index.open(room.index)
    Mirror(index).take(
        [host("west", {**TOLD, "entry": "web-1"}, api=api), host("north", {**TOLD, "entry": "web-2"}, operator="n")]
    )
    index.close()
    return room.root


def host(name: str, *trash: dict[str, Any], **status: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "uid": name, "resourceVersion": "1", "generation": 1}
    meta["creationTimestamp"] = "2026-01-02T03:04:05Z"
    return {"kind": "Host", "metadata": meta, "spec": {}, "status": {"operator": name, "trash": [*trash], **status}}


def trash(state: Path, *words: str) -> int:
    return run(["--state", str(state), "trash", *words])


def test_it_is_listed_with_its_host(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trash(state, "list") == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["ENTRY", "NAMESPACE", "OF", "HOST"]
    assert [line.split()[:4] for line in lines] == [["web-1", "default", "web", "west"], ["web-2", "default", "web", "north"]]
    assert trash(state, "list", "-o", "json") == 0
    assert [(one["entry"], one["host"]) for one in json.loads(capsys.readouterr().out)] == [("web-1", "west"), ("web-2", "north")]


def test_the_api_there_does_it(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    token = tmp_path / "token"
    token.write_text("0123456789abcdef\n")
    assert trash(state, "restore", "web", "--host", "west", "--token-file", str(token)) == 0
    assert "put back /far/root.qcow2 on host west" in capsys.readouterr().out
    assert trash(state, "empty", "web-1", "--yes") == 0
    assert Beside.asked == [
        "POST /api/v1/trash/web-1/restore?host=west Bearer 0123456789abcdef",
        "DELETE /api/v1/trash/web-1?host=west None",
    ]


def test_all_is_what_is_here(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trash(state, "empty", "--all", "--yes") == 0
    assert capsys.readouterr().out == "The trash is empty.\n" and Beside.asked == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("restore", "web"), "web has 2 entries: web-1 on host west, web-2 on host north"),
        (("restore", "web-2"), "web-2 is in the trash of host north, whose operator does not serve the state folder here"),
        (("empty", "web-1", "--host", "north", "--yes"), "nothing of 'web-1' is in the trash"),
    ],
    ids=["which", "no API", "another host"],
)
def test_what_is_not_plain_is_refused(state: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    assert trash(state, *words) == 1
    assert said in " ".join(capsys.readouterr().err.split()) and Beside.asked == []


def test_what_the_api_there_refuses_or_that_it_is_away(state: Path, api: str, capsys: pytest.CaptureFixture[str]) -> None:
    index = Index.open(StateFolder.named(state).index)
    unheard = host("east", {**TOLD, "entry": "unheard"}, api="http://127.0.0.1:1")
    Mirror(index).take([unheard, host("south", {**TOLD, "entry": "taken"}, api=api)])
    index.close()
    assert trash(state, "restore", "taken") == 1
    assert "a disk is there" in capsys.readouterr().err
    assert trash(state, "restore", "unheard") == 1
    assert "http://127.0.0.1:1 does not answer" in capsys.readouterr().err
