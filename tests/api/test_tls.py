"""The API over TLS: with its certificate, over which everything works, and with a renewed one, without ending what is open."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.rig.program import Running, launch
from tests.rig.waiting import free_port, wait_until

DEADLINE = 60.0  # seconds
PEM = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class Pair:
    """A certificate that signs itself, and its key."""

    certificate: Path
    key: Path

    @property
    def options(self) -> list[str]:
        return ["--tls-certificate", str(self.certificate), "--tls-key", str(self.key)]

    def take(self, other: Pair) -> None:
        """Is the other one from now on, first the key, as a renewal may do it."""
        for mine, new in ((self.key, other.key), (self.certificate, other.certificate)):
            new.replace(mine)


def pair(folder: Path, name: str = "server", *options: str) -> Pair:
    made = Pair(folder / f"{name}.crt", folder / f"{name}.key")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "7", "-subj", f"/CN={name}", *(options or ("-noenc",))]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(command, check=True, capture_output=True)
    made.key.chmod(0o600)
    return made


@dataclass(frozen=True)
class Served:
    port: int
    process: Running
    log: Path

    def names(self) -> str:
        """The subject of the certificate that is served now, as DER."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as plain, context.wrap_socket(plain) as client:
            return str(client.getpeercert(True))


@contextmanager
def serving(root: Path, *options: str) -> Iterator[Served]:
    (root / "vms").mkdir(exist_ok=True)
    port, log = free_port(), root / "api.log"
    command = [sys.executable, "-m", "homeostat_api", "--state", str(root / "state"), "--dir", str(root / "vms")]
    with log.open("wb") as output:
        process = launch([*command, "--bind", f"127.0.0.1:{port}", *options], stdout=output, stderr=output)
    try:
        yield Served(port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)


def client(served: Served, by: Pair) -> httpx.Client:
    context = ssl.create_default_context(cafile=str(by.certificate))
    return httpx.Client(base_url=f"https://127.0.0.1:{served.port}", verify=context, timeout=DEADLINE)


def answers(http: httpx.Client) -> bool:
    try:
        return http.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_all_is_served_with_it_and_nothing_without(tmp_path: Path) -> None:
    mine = pair(tmp_path)
    with serving(tmp_path, *mine.options) as served, client(served, mine) as http:
        wait_until(lambda: answers(http), DEADLINE, "it answers")
        assert http.post("/api/v1/vms", json={"name": "web"}).status_code == 201
        assert [vm["name"] for vm in http.get("/api/v1/vms").json()] == ["web"]
        foreign = http.post("/api/v1/vms", json={"name": "b"}, headers={"Origin": f"http://127.0.0.1:{served.port}"})
        assert foreign.status_code == 403, "a page that came without TLS is another origin"
        own = http.post("/api/v1/vms", json={"name": "b"}, headers={"Origin": f"https://127.0.0.1:{served.port}"})
        assert own.status_code == 201
        content = bytes(6 * 2**20)  # a large body, which has its own way without TLS
        answer = http.put("/api/v1/images/none/file", content=b"<html>" + content)
        assert answer.status_code == 422 and answer.json()["code"] == "not_an_image"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{served.port}/healthz", timeout=DEADLINE)


def test_a_renewed_one_is_served_and_what_is_open_goes_on(tmp_path: Path) -> None:
    mine, next_one = pair(tmp_path), pair(tmp_path, "renewed")
    with serving(tmp_path, *mine.options) as served, client(served, mine) as http:
        wait_until(lambda: answers(http), DEADLINE, "it answers")
        before = served.names()
        with http.stream("GET", "/api/v1/events/vms") as stream:
            lines = stream.iter_lines()
            assert any(line.startswith(":") for line in lines), "it has begun"
            mine.take(next_one)
            wait_until(lambda: served.names() != before, DEADLINE, "the renewed certificate is served")
            assert "was renewed" in served.log.read_text()
            with client(served, mine) as new:
                assert new.post("/api/v1/vms", json={"name": "web"}).status_code == 201
            assert any(line.startswith(":") for line in lines), "the stream that was open goes on"


@pytest.mark.parametrize("half", [b"GET / HT", b"POST /api/v1/vms HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"])
def test_who_ends_in_the_middle_of_a_request_fills_no_log(tmp_path: Path, half: bytes) -> None:
    mine = pair(tmp_path)
    with serving(tmp_path, *mine.options) as served, client(served, mine) as http:
        wait_until(lambda: answers(http), DEADLINE, "it answers")
        before, context = served.log.read_text(), ssl.create_default_context(cafile=str(mine.certificate))
        with socket.create_connection(("127.0.0.1", served.port), DEADLINE) as plain:
            ends = context.wrap_socket(plain, server_hostname="127.0.0.1")
            ends.sendall(half)
            with suppress(ssl.SSLError):  # the server may yet have said why it serves nothing
                ends.unwrap()  # says that nothing more comes, and waits until the server has said so, too
        assert answers(http)
        assert served.log.read_text() == before


def test_who_never_agrees_on_tls_is_let_go(tmp_path: Path) -> None:
    mine = pair(tmp_path)
    with serving(tmp_path, *mine.options) as served, client(served, mine) as http:
        wait_until(lambda: answers(http), DEADLINE, "it answers")
        with socket.create_connection(("127.0.0.1", served.port), 40) as silent:
            assert silent.recv(1) == b"", "and not only after a minute"


@pytest.mark.parametrize("half", ["a key of another", "nothing in it", "gone"])
def test_a_renewal_that_cannot_serve_changes_nothing(tmp_path: Path, half: str) -> None:
    mine, other = pair(tmp_path), pair(tmp_path, "other")
    with serving(tmp_path, *mine.options) as served, client(served, mine) as http:
        wait_until(lambda: answers(http), DEADLINE, "it answers")
        before = served.names()
        match half:
            case "a key of another":
                other.key.replace(mine.key)
            case "nothing in it":
                mine.certificate.write_text("")
            case _:
                mine.certificate.unlink()
        wait_until(lambda: "was not renewed" in served.log.read_text(), DEADLINE, "it has tried")
        assert served.names() == before and served.process.poll() is None


def refusal(tmp_path: Path, *options: str) -> str:
    with serving(tmp_path, *options) as served:
        assert served.process.wait(DEADLINE) == 2
        return served.log.read_text()


def test_what_cannot_serve_is_refused_at_the_start(tmp_path: Path) -> None:
    mine, other = pair(tmp_path), pair(tmp_path, "other")
    locked = pair(tmp_path, "locked", "-passout", "pass:secret")
    assert "go together" in refusal(tmp_path, "--tls-key", str(mine.key))
    mixed = ["--tls-certificate", str(mine.certificate), "--tls-key", str(other.key)]
    assert f"the key {other.key} does not belong to it" in refusal(tmp_path, *mixed)
    assert "the key has a password" in refusal(tmp_path, *locked.options)
    absent = ["--tls-certificate", str(tmp_path / "none"), "--tls-key", str(mine.key)]
    assert f"--tls-certificate {tmp_path / 'none'}: cannot be read: No such file" in refusal(tmp_path, *absent)
    other.certificate.write_text(f"{PEM}\nnonsense\n")
    assert "cannot be read: " in refusal(tmp_path, *other.options)
    mine.key.chmod(0o640)
    assert "has mode 0640; a secret needs 0600" in refusal(tmp_path, *mine.options)
