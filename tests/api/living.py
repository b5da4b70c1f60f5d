"""A server with a real operator beside it, on libvirt's test driver: ``python -m tests.api.living STATE OPTIONS`` is that.

It also does to the host what people do behind our back, as its standard input says: ``kill NAME`` cuts a domain's power,
``define NAME`` makes a domain that is not ours, ``undefine NAME`` removes that again.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libvirt

from homeostat.store.kubernetes.access import Access
from tests.api.harness import DEADLINE, Api, serving
from tests.api.modes import Namespace, backend
from tests.rig.kubernetes.kubectl import condition_of
from tests.rig.program import Running, launch
from tests.rig.waiting import wait_until

URI = "test:///default"
FOREIGN = "<domain type='test'><name>{}</name><memory unit='MiB'>64</memory><os><type arch='i686'>hvm</type></os></domain>"


@dataclass
class Living:
    api: Api
    operator: Running
    images: Path

    @property
    def http(self) -> Any:
        return self.api.http

    def host(self, command: str, name: str) -> None:
        assert self.operator.stdin is not None and self.operator.stdout is not None
        self.operator.stdin.write(f"{command} {name}\n")
        self.operator.stdin.flush()
        assert self.operator.stdout.readline().strip() == "done"

    def kernel(self) -> str:
        """The address of a file that the API may name, and the test driver never boots."""
        file = self.images / "vmlinuz"
        file.write_bytes(b"\x00" * 4096)
        return file.as_uri()

    def install(self, name: str, **manifest: Any) -> None:
        answer = self.http.post("/api/v1/plugins", json=self.manifest(name, **manifest))
        assert answer.status_code == 201, answer.text

    def manifest(self, name: str, **manifest: Any) -> dict[str, Any]:
        return {
            "name": name,
            "version": "1.0.0",
            "workload": {"type": "daemon"},
            "resources": {"vcpu": 2, "memory_mb": 128},
            "kernel": {"url": self.kernel()},
            **manifest,
        }

    def deploy(self, name: str, plugin: str, replicas: int) -> None:
        answer = self.http.post("/api/v1/deployments", json={"name": name, "plugin": plugin, "replicas": replicas})
        assert answer.status_code == 201, answer.text

    def scale(self, name: str, replicas: int) -> dict[str, Any]:
        answer = self.http.patch(f"/api/v1/deployments/{name}", json={"replicas": replicas})
        assert answer.status_code == 200, answer.text
        scaled: dict[str, Any] = answer.json()
        return scaled

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/api/v1/deployments/{name}").json()
        return found

    def running(self, prefix: str) -> list[str]:
        """Names of the machines that run, of those whose names begin so."""
        listed = self.http.get("/api/v1/vms?status=running").json()
        return sorted(vm["name"] for vm in listed if vm["name"].startswith(prefix))

    def settles(self, name: str, *vms: str, within: float = DEADLINE) -> None:
        """Waits until the deployment has exactly these machines, running."""

        def settled() -> bool:
            found = self.deployment(name)
            ready = found["vms"] == list(vms) and found["ready_replicas"] == len(vms)
            return bool(ready and found["status"]["phase"] == "running" and self.running(f"{name}-") == sorted(vms))

        wait_until(settled, within, f"{name} has {vms}")

    def until(self, predicate: Callable[[], Any], what: str) -> Any:
        return wait_until(predicate, DEADLINE, what)


@contextmanager
def living(root: Path, *options: str, beside: bool = False) -> Iterator[Living]:
    """Yields them. ``beside``: over a cluster the operator has the server's own state folder, so that files can be uploaded."""
    images = root / "images"
    images.mkdir()
    where = backend(root, living=True)
    with serving(root, "--image-folder", str(images), *options, where=where) as api:
        with (root / "operator.log").open("wb") as log:
            operator = launch(
                [sys.executable, "-m", "tests.api.living", str(root / ("state" if beside else "operator")), *where.options],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        try:
            ready = api.http.get
            wait_until(lambda: ready("/readyz").status_code == 200, DEADLINE, "the operator runs")
            if isinstance(where, Namespace):
                where.plane.kubectl.wait_for("vmhost", where.name, _is_ready)
            yield Living(api, operator, images)
        finally:
            operator.terminate()
            operator.wait(DEADLINE)
            if isinstance(where, Namespace):
                where.plane.kubectl.delete("vmhost", where.name)
            for pipe in (operator.stdin, operator.stdout):
                if pipe is not None:
                    pipe.close()


def _is_ready(host: dict[str, Any]) -> bool:
    return bool(condition_of(host, "Ready").get("status") == "True")


async def _operate(state: Path, options: Sequence[str]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    async with _operator(state, options) as (run, prefix):
        running = asyncio.create_task(run(stop))
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            command, name = line.split()
            _do(command, prefix + name)
            print("done", flush=True)
        stop.set()
        await running


Run = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@asynccontextmanager
async def _operator(state: Path, options: Sequence[str]) -> AsyncIterator[tuple[Run, str]]:
    """An operator for the server with those options, and what its domains' names begin with."""
    if options[0] == "--dir":
        from homeostat.assembly.standalone import standalone

        async with standalone(Path(options[1]), state.parent / "state", URI, settle=0.3) as parts:
            yield parts.operator.run, ""
    else:
        from homeostat.assembly.clustered import ClusterOptions, clustered

        namespace = options[options.index("--namespace") + 1]
        access = Access(Path(options[options.index("--kubeconfig") + 1]))
        wanted = ClusterOptions(state, access, URI, (namespace,))
        async with clustered(wanted, lambda text: print(text, file=sys.stderr)) as operator:
            yield operator.run, f"{namespace}--"


def _do(command: str, name: str) -> None:
    connection = libvirt.open(URI)  # the same host: the test driver has one per process
    try:
        match command:
            case "kill":
                connection.lookupByName(name).destroy()
            case "define":
                connection.defineXML(FOREIGN.format(name))
            case "undefine":
                connection.lookupByName(name).undefine()
    finally:
        connection.close()


if __name__ == "__main__":
    asyncio.run(_operate(Path(sys.argv[1]), sys.argv[2:]))
