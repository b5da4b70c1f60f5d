"""What `--server URL` says of a server that does not answer as this version's does: one sentence, and what to do."""

from __future__ import annotations

import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from homeostat.cli.main import run
from tests.rig.answering import Silent, answering
from tests.rig.waiting import free_port

Answer = tuple[int, dict[str, str], bytes]
Said = Callable[..., str]


def answer(value: Any, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def refusal(status: int, code: str, message: str) -> Answer:
    return answer({"error": message, "code": code, "details": {}}, status)


KINDS = answer({"namespace": "team", "kinds": []})


@contextmanager
def serving(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serves these answers one after another, the last one again and again, and yields the URL."""
    left = list(answers)

    class Handler(Silent):
        def do_GET(self) -> None:
            status, headers, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    with answering(Handler, tls) as url:
        yield url


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Calls a command that fails, and returns what it said."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)

    def call(*words: str) -> str:
        assert run(list(words)) == 1
        captured = capsys.readouterr()
        assert not captured.out and "Traceback" not in captured.err
        return captured.err

    return call


OTHERS = [
    ("redirect", (302, {"Location": "https://elsewhere.example/"}, b""), "answers with a redirect to https://elsewhere.example/"),
    ("page", (200, {"Content-Type": "text/html"}, b"<html>"), "answered text/html, not as a Homeostat API does"),
    ("proxy", (502, {"Content-Type": "text/html"}, b"<html>"), "answered 502 Bad Gateway"),
    ("older", refusal(404, "not_found", "There is nothing at this path"), "is of an older version: it has no /api/v1/resources"),
    ("signed-out", refusal(401, "unauthorized", "Sign in"), "sign in again: `homeostat login http://127.0.0.1:"),
    ("right", refusal(403, "forbidden", "This needs the right to see"), "This needs the right to see"),
    ("broken", refusal(500, "internal_error", "Internal Server Error: see the API's log for this id"), "see the API's log"),
]


@pytest.mark.parametrize(("other", "words"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS])
def test_it_is_told(said: Said, other: Answer, words: str) -> None:
    with serving(other) as url:
        assert words in said("get", "vms", "--server", url)


def test_nobody_listens(said: Said) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert f"error: {url} does not answer: " in said("get", "vms", "--server", url)


def test_a_newer_one_has_fields_that_are_not_known(said: Said) -> None:
    newer = {"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": {"wings": 2}}
    with serving(KINDS, answer({"errors": []}), answer({"items": [newer]})) as url:
        told = said("get", "vms", "--server", url)
    assert "what this version does not know: spec.wings" in told and "update this homeostat" in told


def test_it_speaks_otherwise(said: Said) -> None:
    with serving(KINDS, answer({"mistakes": []})) as url:
        assert f"{url} answered what this version does not understand (KeyError: 'errors')" in said("get", "vms", "--server", url)
    with serving(answer([])) as url:
        assert "does not understand" in said("get", "vms", "--server", url)


def test_it_has_another_namespace(said: Said) -> None:
    with serving(KINDS) as url:
        assert f"{url} has the resources of namespace team, not of x" in said("get", "vms", "-n", "x", "--server", url)


def test_its_certificate_is_not_trusted(said: Said, tmp_path: Path) -> None:
    files = ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "crt"), "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "1", "-subj", "/CN=x"]
    subprocess.run([*command, "-noenc", *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with serving(KINDS, tls=context) as url:
        told = said("get", "vms", "--server", url)
    assert f"the certificate of {url} is not trusted" in told and "SSL_CERT_FILE" in told


def test_no_token_is_sent_in_clear(said: Said) -> None:
    assert "would travel in clear" in said("get", "vms", "--server", "http://192.0.2.1:8080")
    assert "is no address of an API" in said("get", "vms", "--server", "ftp://localhost")


def test_what_works_on_the_host_only_refuses(said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`homeostat down` works on the host that it is called on" in said("--server", "http://localhost:1", "down")
    monkeypatch.setenv("HOMEOSTAT_SERVER", "http://localhost:1")
    assert "unset HOMEOSTAT_SERVER" in said("trash", "list")
    assert "does not answer" in said("get", "vms")
    with serving(KINDS) as url:
        assert "is not done over REST" in said("get", "orphans", "--server", url)
