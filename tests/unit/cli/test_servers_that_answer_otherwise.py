"""What `--server URL` says of a server that does not answer as this version's does: one sentence, and what to do."""

from __future__ import annotations

import gzip
import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from homeostat.cli.commands import screenshot
from homeostat.cli.errors import CliError
from homeostat.cli.main import run
from homeostat.cli.remote.console import attach_remotely
from homeostat.cli.remote.server import RemoteServer
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

        do_POST = do_GET

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


def test_who_signs_in_is_answered_otherwise(said: Said, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse")
    (tmp_path / "password").chmod(0o600)
    with serving(answer({"success": True})) as url:
        assert "does not understand (KeyError" in said(
            "login", url, "--name", "bob", "--password-file", str(tmp_path / "password")
        )
        assert "does not understand (KeyError" in said("whoami", "--server", url)


def test_it_has_another_namespace(said: Said) -> None:
    with serving(KINDS) as url:
        assert f"{url} has the resources of namespace team, not of x" in said("get", "vms", "-n", "x", "--server", url)


WEB = answer({"apiVersion": "homeostat.dev/v1alpha1", "kind": "VirtualMachine", "metadata": {"name": "web"}, "spec": {}})
TICKET, PATH = "hsc_1", "/api/v1/vms/web/serial"

CONSOLES: list[tuple[str, Any, str]] = [
    ("nothing", {}, "does not understand (KeyError: 'path')"),
    ("list", [], "does not understand (TypeError: "),
    ("other-path", {"path": "/console/web", "ticket": TICKET}, "does not understand (ValueError: the path '/console/web'"),
    ("other-server", {"path": "//elsewhere.example/api/", "ticket": TICKET}, "does not understand (ValueError: the path"),
    ("control-characters", {"path": f"{PATH}\r\nX: 1", "ticket": TICKET}, "does not understand (ValueError: the path"),
    ("path-without-end", {"path": PATH * 50, "ticket": TICKET}, "does not understand (ValueError: the path"),
    ("no-path", {"path": 1, "ticket": TICKET}, "does not understand (ValueError: the path"),
    ("no-ticket", {"path": PATH, "ticket": 1}, "does not understand (ValueError: a ticket"),
    ("ticket-of-two", {"path": PATH, "ticket": "hsc_1, x"}, "does not understand (ValueError: a ticket"),
    ("no-websocket", {"path": PATH, "ticket": TICKET}, "refuses the console: HTTP 200"),
]


@pytest.mark.parametrize(("given", "words"), [case[1:] for case in CONSOLES], ids=[case[0] for case in CONSOLES])
def test_it_opens_a_console_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: Any, words: str) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with serving(answer(given)) as url, pytest.raises(CliError, match=re.escape(words)):
        attach_remotely(RemoteServer(url), "web", 0, 1, escape=b"\x1d", force=False)


BOMB = gzip.compress(screenshot.PNG + bytes(2000))
PICTURES: list[tuple[str, Answer, str]] = [
    ("page", (200, {"Content-Type": "text/html"}, b"<html>"), "answered text/html that is no PNG, not as a Homeostat API does"),
    ("garbage", (200, {"Content-Type": "image/png"}, b"\x89PNG"), "answered image/png that is no PNG"),
    ("nothing", (200, {}, b""), "answered nothing that is no PNG"),
    ("no-end", (200, {"Content-Encoding": "gzip"}, BOMB), "sends more than 2000 bytes, not as a Homeostat API does"),
    ("off", refusal(409, "console_unavailable", "it is off"), "it is off"),
]


@pytest.mark.parametrize(("other", "words"), [case[1:] for case in PICTURES], ids=[case[0] for case in PICTURES])
def test_it_sends_no_picture(said: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, other: Answer, words: str) -> None:
    monkeypatch.setattr(screenshot, "PICTURE_MAX", 2000)
    with serving(KINDS, WEB, other) as url:
        assert words in said("screenshot", "web", "-o", str(tmp_path / "web.png"), "--show", "--server", url)
    assert not (tmp_path / "web.png").exists()


def test_it_sends_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    png = screenshot.PNG + bytes(2000 - len(screenshot.PNG))
    monkeypatch.setattr(screenshot, "PICTURE_MAX", len(png))
    for other in ({}, png), ({"Content-Encoding": "gzip"}, gzip.compress(png)):
        with serving(KINDS, WEB, (200, *other)) as url:
            assert run(["screenshot", "web", "-o", str(tmp_path / "web.png"), "--server", url]) == 0
        assert (tmp_path / "web.png").read_bytes() == png


CERTIFICATES = {
    "of an authority that nobody knows": ("127.0.0.1", 1, False, "SSL_CERT_FILE"),
    "expired": ("127.0.0.1", -1, True, "have it renewed there, or compare the clocks of both hosts"),
    "of another name": ("127.0.0.2", 1, True, "call the server by a name that its certificate has"),
}


def certificate(folder: Path, address: str, lasts: timedelta) -> tuple[Path, Path]:
    """Makes one that signs itself, and its key. It began two days ago."""
    made, key, now = folder / "crt", folder / "key", datetime.now(UTC)
    secret, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=2)).not_valid_after(now + lasts).public_key(secret.public_key())
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    made.write_bytes(built.sign(secret, hashes.SHA256()).public_bytes(pem))
    key.write_bytes(secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return made, key


@pytest.mark.parametrize(("address", "days", "known", "mend"), CERTIFICATES.values(), ids=CERTIFICATES)
def test_its_certificate_is_not_trusted(
    said: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str, days: int, known: bool, mend: str
) -> None:
    made, key = certificate(tmp_path, address, timedelta(days=days))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
    with serving(KINDS, tls=context) as url:
        told = said("get", "vms", "--server", url)
    assert f"the certificate of {url} is not trusted" in told and mend in told
    assert ("SSL_CERT_FILE" in told) is not known


@pytest.mark.parametrize("url", ["http://[::1", "http://localhost:port", "http://localhost:99999", "ftp://localhost", "https://"])
def test_its_address_is_none(said: Said, url: str) -> None:
    assert f"error: {url} is no address of an API\n" in said("get", "vms", "--server", url)


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
