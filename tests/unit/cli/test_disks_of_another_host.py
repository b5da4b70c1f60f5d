"""`homeostat disk export` in a cluster, of a disk on another host: its API sends the copy, or it is said what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from homeostat.cli.main import run
from homeostat.store.files.state import StateFolder
from homeostat.store.index.index import Index
from homeostat.store.kubernetes.mirror import Mirror
from tests.rig.answering import Silent, answering

COPY = b"QFI\xfb" + b"x" * 3_000_000
TOKEN = "0123456789abcdef"


class Beside(Silent):
    """The API of the other host."""

    asked: ClassVar[list[str]] = []
    sends = len(COPY)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            said = b'{"error": "a token is needed", "code": "unauthorized"}'
            self.send_response(401)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(COPY)))
        self.end_headers()
        self.wfile.write(COPY[: self.sends])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Beside, "asked", [])
    with answering(Beside) as url:
        yield url


def thing(kind: str, name: str, status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    meta = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-02T03:04:05Z",
    }
    return {"kind": kind, "metadata": {**meta, "generation": 1}, "spec": spec, "status": status}


def mirrored(root: Path, **host: str) -> Path:
    """Returns the state folder of an operator on another host than that of machine mail."""
    state = StateFolder.open(root / "state")
    state.claim_cluster("1b2c")
    index = Index.open(state.index)
    machine = thing("VirtualMachine", "mail", {"host": "west", "domainUuid": "c0ffee"})
    taken = thing("Snapshot", "before", {"tag": "t1"}, machineRef={"name": "mail"})
    Mirror(index).take([machine, taken, thing("Host", "west", {"operator": "w", **host})])
    index.close()
    return state.root


def export(state: Path, target: Path, *options: str) -> int:
    return run(["--state", str(state), "disk", "export", "mail", "data", str(target), *options])


def test_the_api_beside_it_sends_the_copy(tmp_path: Path, api: str) -> None:
    state, token = mirrored(tmp_path, api=api), tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    assert export(state, tmp_path / "now", "--token-file", str(token)) == 0
    assert export(state, tmp_path / "then", "--token-file", str(token), "--snapshot", "before") == 0
    assert (tmp_path / "now").read_bytes() == (tmp_path / "then").read_bytes() == COPY
    assert Beside.asked == ["/api/v1/vms/mail/disks/data/export", "/api/v1/snapshots/before/export?disk=data"]


def test_nothing_is_left_of_what_was_refused_or_cut_off(
    tmp_path: Path, api: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, token, target = mirrored(tmp_path, api=api), tmp_path / "token", tmp_path / "copies" / "copy"
    token.write_text(TOKEN)
    target.parent.mkdir()
    assert export(state, target) == 1
    assert "a token is needed" in capsys.readouterr().err
    assert export(state, target, "--token-file", str(tmp_path / "none")) == 1
    assert "--token-file" in capsys.readouterr().err
    monkeypatch.setattr(Beside, "sends", 2_000_000)
    assert export(state, target, "--token-file", str(token)) == 1
    assert f"{api} cannot be asked for the copy" in capsys.readouterr().err
    assert list(target.parent.iterdir()) == []
    target.write_bytes(b"mine")
    assert export(state, target, "--token-file", str(token)) == 1
    assert "is there already" in capsys.readouterr().err and target.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ({}, ("mail is on host west, whose operator does not serve the state folder", "--api-address", "--connect")),
        ({"operator": ""}, ("mail is on host west, which no operator serves",)),
    ],
    ids=["no API is named there", "nobody serves it"],
)
def test_it_is_said_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: dict[str, str], words: tuple[str, ...]
) -> None:
    assert export(mirrored(tmp_path, **host), tmp_path / "copy") == 1
    said = " ".join(capsys.readouterr().err.split())
    assert all(word in said for word in words), said
    assert not (tmp_path / "copy").exists()
