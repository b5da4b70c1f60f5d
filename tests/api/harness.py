"""A real server on a free port of loopback, over a real folder and state; and a hand that reports as the operator would."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from homeostat.models.base import Model, Resource
from homeostat.models.condition import Condition
from homeostat.models.deployment import VirtualMachineDeployment, VirtualMachineDeploymentStatus
from homeostat.models.disk import Disk, DiskStatus
from homeostat.models.machine import GuestAddress, MachineState, VirtualMachine, VirtualMachineStatus
from homeostat.runtime.engine.ports import R
from tests.api import inside
from tests.api.modes import Folder, Namespace, backend, key
from tests.rig.program import Running, launch
from tests.rig.secrets import Secrets
from tests.rig.waiting import free_port, wait_until

DEADLINE = 60.0  # seconds; a second where nobody else uses the machine
_PLACES = {VirtualMachine.KIND: "vms", VirtualMachineDeployment.KIND: "deployments", Disk.KIND: "disks"}
CHECKSUM = "sha256:" + 64 * "a"


def manifest(name: str, **more: Any) -> dict[str, Any]:
    """The contract's example."""
    return {
        "name": name,
        "version": "1.0.0",
        "description": "My custom application",
        "workload": {"type": "http", "port": 8080},
        "resources": {"vcpu": 2, "memory_mb": 256},
        "rootfs": {"format": "qcow2", "url": "https://plugins.example.com/my-app-1.0.0.qcow2", "checksum": CHECKSUM},
        **more,
    }


class OperatorHand:
    """Writes what the operator would have observed."""

    def __init__(self, where: Folder | Namespace, http: httpx.Client) -> None:
        self._where = where
        self._http = http

    def machine(self, name: str) -> VirtualMachine | None:
        found = self._where.run(lambda store: store.get(VirtualMachine, key("VirtualMachine", name, self._where)))
        return found

    def machines(self) -> list[VirtualMachine]:
        return self.all(VirtualMachine)

    def report(self, name: str, state: MachineState, ip: str | None = None, pid: int | None = None, **more: Any) -> None:
        machine = self.machine(name)
        assert machine is not None
        status = VirtualMachineStatus(
            observed_generation=machine.metadata.generation,
            state=state,
            pid=pid,
            addresses=(GuestAddress(nic="net0", ip=ip, source="Lease"),) if ip else (),
            **more,
        )
        self._write_status(machine, status)

    def _write_status(self, resource: Resource, status: Model) -> None:
        self.hold(resource.kind, resource.metadata.name)
        self._where.run(lambda store: store.write_status(resource.key, resource.metadata.uid, status))
        if isinstance(self._where, Namespace):
            self._wait_told(resource)

    def _wait_told(self, resource: Resource) -> None:
        after = self._where.run(lambda store: store.get(type(resource), resource.key))
        assert after is not None
        path = f"/api/v1/{_PLACES[resource.kind]}/{resource.metadata.name}?view=resource"

        def told() -> bool:
            """A mirror hears of it a moment later."""
            found = self._http.get(path).json()
            return bool(found["metadata"]["resourceVersion"] == after.metadata.resource_version)

        wait_until(told, DEADLINE, f"the API shows what was reported of {resource.metadata.name}")

    def hold(self, kind: str, name: str) -> None:
        """Takes it up: it does not go without the operator."""
        self._where.hold(kind, name)

    def running(self, name: str, ip: str = "10.0.0.10", pid: int = 4242) -> None:
        self.report(name, MachineState.RUNNING, ip, pid)

    def stopped(self, name: str) -> None:
        self.report(name, MachineState.STOPPED)

    def event(self, name: str, reason: str, message: str = "", **fields: Any) -> None:
        about = key("VirtualMachine", name, self._where)
        self._where.run(lambda store: store.record_event(about, "Normal", reason, message, fields))

    def release(self, name: str, kind: str = "VirtualMachine") -> None:
        found = self._where.run(lambda store: store.get(Resource, key(kind, name, self._where)))
        assert found is not None
        self._where.run(lambda store: store.release(found.key, found.metadata.uid))

    def all(self, kind: type[R]) -> list[R]:
        return list(self._where.run(lambda store: store.list(kind, key(kind.KIND, "", self._where).namespace)))

    def made(self, disk: Disk) -> None:
        """Reports that the file of a disk is there."""
        since, generation = "2026-01-01T00:00:00Z", disk.metadata.generation
        ready = Condition(type="Ready", status="True", reason="Made", last_transition_time=since, observed_generation=generation)
        path = f"/nowhere/{disk.metadata.name}/disk.img"
        self._write_status(disk, DiskStatus(conditions=(ready,), path=path, virtual_size=disk.spec.size or 2**20))

    def deployments(self) -> list[VirtualMachineDeployment]:
        return self.all(VirtualMachineDeployment)

    def deployed(self, name: str, ready: int, *conditions: Condition) -> None:
        """Reports that the deployment has all its machines, of which so many are ready."""
        deployment = next(d for d in self.deployments() if d.metadata.name == name)
        machines = tuple(f"{name}-{index}" for index in range(1, deployment.spec.replicas + 1))
        status = VirtualMachineDeploymentStatus(
            observed_generation=deployment.metadata.generation,
            replicas=len(machines),
            ready_replicas=ready,
            machines=machines,
            conditions=conditions,
        )
        self._write_status(deployment, status)


@dataclass
class Api:
    http: httpx.Client
    where: Folder | Namespace
    state: Path
    operator: OperatorHand
    process: Running
    port: int

    def visitor(self) -> httpx.Client:
        """Returns the client of somebody else, with cookies of his own."""
        through = inside.Borrowed(self.http._transport) if inside.INSIDE else None
        hooks = self.http.event_hooks
        return httpx.Client(base_url=self.http.base_url, timeout=self.http.timeout, transport=through, event_hooks=hooks)

    @property
    def folder(self) -> Path:
        """Of YAML, where it is about that."""
        assert isinstance(self.where, Folder)
        return self.where.folder

    def written(self, plural: str, name: str) -> str:
        """What stands there as desired state, as YAML; empty: nothing."""
        return self.where.written(plural, name) or ""

    def create(self, name: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post("/api/v1/vms", json={"name": name, **body})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def create_running(self, name: str, **body: Any) -> None:
        self.create(name, **body)
        self.operator.running(name)

    def install(self, name: str, **more: Any) -> dict[str, Any]:
        answer = self.http.post("/api/v1/plugins", json=manifest(name, **more))
        assert answer.status_code == 201, answer.text
        self.operator.hold("Plugin", name)
        made: dict[str, Any] = answer.json()
        return made

    def deploy(self, name: str, plugin: str, replicas: int = 1) -> dict[str, Any]:
        body = {"name": name, "plugin": plugin, "replicas": replicas}
        answer = self.http.post("/api/v1/deployments", json=body)
        assert answer.status_code == 201, answer.text
        self.operator.hold("VirtualMachineDeployment", name)
        made: dict[str, Any] = answer.json()
        return made

    def get(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/v1/vms/{name}").json()
        return found


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The details of an error in the contract's shape."""
    assert answer.status_code == status, answer.text
    assert inside.INSIDE or answer.reason_phrase not in ("", "Unknown")  # which nothing carries there
    body = answer.json()
    assert set(body) == {"error", "code", "details"}, body
    assert body["code"] == code and body["error"]
    details: dict[str, Any] = body["details"]
    return details


def command(folder: Path, state: Path, port: int, *more: str, host: str = "127.0.0.1") -> list[str]:
    """A server over a folder."""
    return _command(("--dir", str(folder), *more), state, f"{host}:{port}")


def _command(options: Sequence[str], state: Path, bind: str) -> list[str]:
    return [sys.executable, "-m", "homeostat_api", "--state", str(state), "--bind", bind, *options]


def kept(root: Path, where: Folder | Namespace) -> list[Path]:
    """Where a server keeps what it is told: its log, its state with index, events, accounts and audit, and the desired state."""
    return [root / "api.log", root / "state", *([where.folder] if isinstance(where, Folder) else [])]


@contextmanager
def serving(
    root: Path, *options: str, headers: dict[str, str] | None = None, host: str = "127.0.0.1", port: int = 0,
    where: Folder | Namespace | None = None,
) -> Iterator[Api]:  # fmt: skip
    where, state, port, secrets = where or backend(root), root / "state", port or free_port(), Secrets()
    client: dict[str, Any] = {"base_url": f"http://127.0.0.1:{port}", "headers": headers, "event_hooks": secrets.hooks}
    if inside.INSIDE:
        options = (*where.options, "--state", str(state), "--bind", f"{host}:{port}", *options)
        with inside.client(options, DEADLINE, **client) as http:
            yield Api(http, where, state, OperatorHand(where, http), subprocess.Popen(["true"]), port)
        return
    log = (root / "api.log").open("wb")
    arguments = _command((*where.options, *options), state, f"{host}:{port}")
    process = launch(arguments, stdout=log, stderr=log)
    http = httpx.Client(timeout=DEADLINE, **client)

    def answers() -> bool:
        # A cluster is mirrored first; a folder is read before there is a server at all.
        path = "/readyz" if isinstance(where, Namespace) else "/healthz"
        return process.poll() is not None or http.get(path).status_code == 200

    try:
        wait_until(answers, DEADLINE, "the API answers")
        assert process.poll() is None, (root / "api.log").read_text()
        yield Api(http, where, state, OperatorHand(where, http), process, port)
        leaks = list(secrets.leaks(kept(root, where), process.pid))
        # One that was forked shows the command line of whom it was forked from.
        leaks += [f"its command line has {kind} in it" for kind in secrets.within(" ".join(arguments).encode())]
        assert not leaks, "\n".join(leaks)
    finally:
        http.close()
        process.send_signal(signal.SIGTERM)
        process.wait(DEADLINE)
        log.close()


@dataclass(frozen=True)
class Sse:
    id: int
    event: str
    content: dict[str, Any]


class Stream:
    """A reader of /api/v1/events/vms."""

    def __init__(self, port: int, last: int | None = None, timeout: float = DEADLINE) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout)
        resume = f"Last-Event-ID: {last}\r\n" if last is not None else ""
        self._socket.sendall(f"GET /api/v1/events/vms HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n".encode())
        self._file = self._socket.makefile("rb")
        self.head = self._lines_until_blank()
        assert self.head[0].startswith("HTTP/1.1 200"), self.head
        self.block()  # retry and the first comment: the reader is registered now

    def _lines_until_blank(self) -> list[str]:
        lines = []
        while (line := self._file.readline().decode().rstrip("\r\n")) != "":
            lines.append(line)
        return lines

    def block(self) -> list[str]:
        """The next chunk's lines; [] at the end of the stream."""
        size = int(self._file.readline().strip() or b"0", 16)
        content = self._file.read(size).decode()
        self._file.readline()
        return content.split("\n") if size else []

    def events(self, count: int) -> list[Sse]:
        found: list[Sse] = []
        while len(found) < count:
            lines = self.block()
            assert lines, f"the stream ended after {found}"
            fields: dict[str, str] = {}
            for line in lines:
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif fields:
                    if "data" in fields:
                        found.append(Sse(int(fields["id"]), fields["event"], json.loads(fields["data"])))
                    fields = {}
        return found

    def close(self) -> None:
        self._file.close()
        self._socket.close()
