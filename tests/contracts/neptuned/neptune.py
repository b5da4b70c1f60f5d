"""What the tests of Neptuned's contract ask for, and as whom."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import websocket

from tests.contracts.served import Served

V0 = "/api/v0"
PASSWORD = "correct horse"
_names = itertools.count(1)
Body = dict[str, Any]


def hashed(name: str, password: str = PASSWORD) -> str:
    return hashlib.sha256(f"{name}:{password}".encode()).hexdigest()


def entry(called: str, *devices: Body, **fields: Any) -> Body:
    """A machine as the document has it."""
    return {
        "id": called,
        "name": called,
        "hypervisor": "qemu",
        "autostart": False,
        "private": False,
        "qemu_use_uefi": False,
        "qemu_enable_agent": False,
        "qemu_uuid": "",
        "qemu_machine_type": "q35",
        "qemu_machine_version": "",
        "qemu_devices": list(devices),
        **fields,
    }


@dataclass
class Neptune:
    """``token``: of its administrator, root. ``state``: the server's folder."""

    served: Served
    state: Path
    token: str = ""
    made: list[str] = field(default_factory=list)

    @property
    def http(self) -> httpx.Client:
        return self.served.http

    def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **more: Any) -> httpx.Response:
        """Asks as the administrator, or with another token; with an empty one as nobody."""
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            more["json"] = body
        return self.http.request(method, f"{V0}/{path}", headers=headers, **more)

    def done(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = self.ask(method, path, body, **more)
        assert answer.status_code in (200, 201), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def routes(self) -> Mapping[str, list[str]]:
        """The methods of each path, as the listener describes itself."""
        document = self.http.get("/openapi.json", headers={"Authorization": f"Bearer {self.token}"}).json()
        return {path: [method for method in item if method != "parameters"] for path, item in document["paths"].items()}

    def own(self, method: str, path: str, token: str = "", **more: Any) -> httpx.Response:
        """Asks our own API, with the same tokens."""
        headers = {"Authorization": f"Bearer {token or self.token}", **more.pop("headers", {})}
        return self.served.real.http.request(method, f"/api/v1/{path}", headers=headers, **more)

    def login(self, name: str, password: str = PASSWORD) -> str:
        answer = self.done("POST", "login", {"username": name, "password_hash": hashed(name, password)}, token="")
        assert set(answer) == {"token"}
        return str(answer["token"])

    def enters(self, name: str, password: str = PASSWORD) -> bool:
        """Tells whether somebody may sign in."""
        body = {"username": name, "password_hash": hashed(name, password)}
        return self.ask("POST", "login", body, token="").status_code == 200

    def user(self, type: str = "user", **fields: Any) -> User:
        """Makes a user with a name of his own, who has signed in."""
        name = f"user-{next(_names)}"
        body = {"username": name, "password": PASSWORD, "user_type": type, "banned": False, **fields}
        made = self.done("POST", "admin/users/create", body)
        return User(self, name, made["id"], self.login(name))

    def make(self, *devices: Body, **fields: Any) -> Body:
        """Makes a machine, and returns it."""
        id = fields.pop("id", "") or f"vm-{next(_names)}"
        made: Body = self.done("POST", "admin/vms/create", entry(id, *devices, **fields))
        return made

    def run(self, *devices: Body, **fields: Any) -> str:
        """Makes a machine that runs, and returns its id."""
        id: str = self.make(*devices, autostart=True, **fields)["id"]
        self.served.until(lambda: self.get(id)["state"] == "running", f"{id} runs")
        return id

    def get(self, id: str) -> Body:
        found: Body = self.done("GET", f"admin/vms/{id}")
        return found

    def patch(self, id: str, *operations: Body) -> httpx.Response:
        return self.ask("PATCH", f"admin/vms/{id}", list(operations))

    def spec(self, id: str) -> Body:
        """The spec that stands for a machine."""
        import yaml

        documents = yaml.safe_load_all(self.served.real.api.written("virtualmachines", id))
        return dict(next(iter(documents))["spec"])

    def spec_is_gone(self, id: str) -> bool:
        return not self.served.real.api.written("virtualmachines", id)

    def listed(self) -> list[str]:
        return [one["id"] for one in self.done("GET", "list", token="")]

    def image(self, name: str = "disk.raw", size: int = 2**20) -> str:
        path = self.served.images / name
        if not path.exists():  # the operator may be reading it
            path.write_bytes(bytes(size))
        return str(path)

    def connect(self, id: str, token: str = "", headers: Mapping[str, str] | None = None, *protocols: str) -> Handshake:
        """Opens the WebSocket, and returns what became of it."""
        address = str(self.http.base_url.copy_with(scheme="ws")).rstrip("/") + f"{V0}/connect/{id}"
        given = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        try:
            socket = websocket.create_connection(address, subprotocols=list(protocols), header=given, timeout=20)
        except websocket.WebSocketBadStatusException as error:
            body = error.resp_body or b""
            return Handshake(error.status_code, body.decode() if isinstance(body, bytes) else str(body))
        return Handshake(101, "", socket)


@dataclass
class Handshake:
    status: int
    text: str
    socket: Any = None


@dataclass
class User:
    neptune: Neptune
    name: str
    id: str
    token: str

    def status(self, method: str = "POST", path: str = "change_password", body: Any = None) -> int:
        return self.neptune.ask(method, path, body, token=self.token).status_code

    @property
    def known(self) -> bool:
        """Whether the token is still good for anything: what he asks for is refused, as malformed, once he is known."""
        return self.status(body={}) == 400

    def entry(self) -> Body:
        found: Body = self.neptune.done("GET", f"admin/users/{self.id}")
        return found


def as_protocol(beginning: str, text: str) -> str:
    return beginning + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def refused(answer: httpx.Response, status: int) -> str:
    """What an error in the contract's shape says."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    body = answer.json()
    assert set(body) == {"error"}, body
    text: str = body["error"]
    assert text
    return text
