"""What the tests of VM-share's contract ask for, and the server elsewhere that it asks."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from homeostat.accounts.rights import Role
from tests.api.people import PASSWORD, Person, accounts
from tests.contracts.served import Served

GOOD, SECRET = "I am a person", "a secret"
ISO_MAX = 3 * 2**20


@dataclass
class Elsewhere:
    """``feedback``: what was posted. ``fails``: it is answered 500."""

    port: int = 0
    feedback: list[dict[str, Any]] = field(default_factory=list)
    fails: bool = False

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    found = Elsewhere()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if found.fails:
                self.send_error(500)
                return
            if self.path == "/verify":
                form = parse_qs(body)
                said: dict[str, Any] = {"success": form.get("response") == [GOOD] and form.get("secret") == [SECRET]}
            else:
                found.feedback.append(json.loads(body))
                said = {"ok": True}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    found.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def configured(root: Path, outside: Elsewhere, more: str = "") -> Path:
    """Writes the configuration of a server."""
    secret, path = root / "recaptcha", root / "homeostat.toml"
    secret.write_text(f"{SECRET}\n")
    path.write_text(
        f"""[contracts.vm-share]
profiles = {{tiny = "tiny", ubuntu = "disk-image", gone = "no-such-plugin", broken = "broken", lost = "lost", large = "large"}}
iso-max = "{ISO_MAX}"
snapshot-max = "4Mi"
recaptcha-url = "{outside.url("verify")}"
recaptcha-secret-file = "{secret}"
feedback-url = "{outside.url("feedback")}"
feedback-fields = {{chat_id = "42", parse_mode = "HTML"}}
{more}
"""
    )
    for each in (secret, path):
        each.chmod(0o600)
    return path


class Student:
    """Somebody who has registered, as a program that sends his token."""

    def __init__(self, http: httpx.Client, login: str, given: dict[str, Any]) -> None:
        self.http, self.login = http, login
        self.id: int = given["id"]
        self.token: str = given["access_token"]

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, path, headers={"Authorization": f"Bearer {self.token}"}, **more)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.ask("POST", path, json=body) if body else self.ask("POST", path)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def done(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.post(path, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def upload(self, content: bytes, field: str = "file") -> httpx.Response:
        return self.ask("POST", "/api/post", files={field: ("my.iso", content)})


@dataclass
class Lab:
    served: Served
    outside: Elsewhere

    def http(self) -> httpx.Client:
        """Returns a client without any cookie."""
        return httpx.Client(base_url=self.served.http.base_url, timeout=60)

    def register(self, login: str) -> Student:
        """Makes an account on the host, since few are made in a row from one address, and signs in to it."""
        with accounts(self.served.real.api.state) as known:
            known.add(login, Role.USER, PASSWORD)
        return self.sign_in(login)

    def sign_in(self, login: str) -> Student:
        with self.http() as http:
            answer = http.post("/login", json={"username": login, "password": PASSWORD, "g_recaptcha_response": GOOD})
        assert answer.status_code == 200, answer.text
        return Student(self.http(), login, answer.json())

    def root(self) -> Person:
        """The administrator, at our own API."""
        return Person(self.served.real.http, "root")

    def machine(self, student: Student) -> str:
        """What the machine of somebody is called, as administrators see it."""
        found = self.root().ask("GET", "vms?view=resource").json()
        labels = {"homeostat.dev/vm-share": "session", "homeostat.dev/vm-share-user": str(student.id)}
        (name,) = [one["metadata"]["name"] for one in found if labels.items() <= one["metadata"]["labels"].items()]
        assert isinstance(name, str)
        return name

    def furnish(self) -> None:
        """Makes the profiles, and lets everybody see them."""
        root, image = self.root(), self.served.images / "base.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "8M"], check=True)
        kernel = {"version": "1", "kernel": {"path": self.served.real.kernel().removeprefix("file://")}}
        content = self.served.images / "large.raw"
        content.write_bytes(os.urandom(5 * 2**20))
        large = self.served.images / "large.qcow2"
        subprocess.run(["qemu-img", "convert", "-q", "-O", "qcow2", content, large], check=True)
        absent = self.served.images / "absent.qcow2"
        absent.write_bytes(image.read_bytes())
        for name, spec in (
            ("tiny", kernel),
            ("disk-image", {"version": "1", "rootfs": {"path": str(image)}}),
            ("broken", {"version": "1", "rootfs": {"path": str(image)}, "nics": [{"name": "lan", "network": "absent"}]}),
            ("large", {"version": "1", "rootfs": {"path": str(large)}}),
            ("lost", {"version": "1", "rootfs": {"path": str(absent)}}),
        ):
            answer = root.ask("POST", "plugins", json={"name": name, "spec": spec})
            assert answer.status_code == 201, answer.text
            namespace = root.ask("GET", "resources").json()["namespace"]
            grant = {"account": None, "rights": ["see"], "namespace": namespace, "kind": "Plugin", "name": name}
            answer = root.ask("POST", "grants", json=grant)
            assert answer.status_code == 201, answer.text
        absent.unlink()

    def active(self, **query: Any) -> list[dict[str, Any]]:
        with self.http() as http:
            found: list[dict[str, Any]] = http.get("/sessions/active", params=query).json()
            return found


def refused(answer: httpx.Response, status: int) -> str:
    """What an error in the contract's shape says."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"detail"}, body
    text: str = body["detail"]
    assert text
    return text


def medium(size: int = 2**21, mark: bytes = b"") -> bytes:
    """The content of an ISO of so many bytes."""
    head = b"\x00" * 0x8000 + b"\x01CD001\x01" + mark
    return head + b"\x00" * (size - len(head))
