"""Kubernetes mode on libvirt's test driver: what the operator, a program of its own, writes to an API server, and how fast."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks import fleet
from benchmarks.measure import pass_seconds, peak_mb, room, rss_mb, run, say, until
from benchmarks.result import Figure, Result
from homeostat.models.base import Key
from homeostat.models.machine import VirtualMachine
from homeostat.store.kubernetes.access import Access
from homeostat.store.kubernetes.cluster import Cluster
from homeostat.store.kubernetes.paths import EVENTS, PATHS
from tests.rig.kubernetes.assets import Assets
from tests.rig.kubernetes.crds import install_crds
from tests.rig.kubernetes.plane import ControlPlane

DEFAULT = 1000
WINDOW = 20.0  # seconds at rest that are measured
QUIET = 3.0  # seconds without a write after which it is at rest
AT_ONCE = 8  # creations in flight
LOOKED_AT = 5000  # machines per second whose statuses are read while they become Ready: a read slows them down
WORKERS = 16  # machines that the operator works on at the same time
BUDGET = "<= 6 writes per VM until Ready, events included; 0 at rest"
NAMESPACE = "default"
LEASES = "homeostat-system"
OURS = frozenset({"virtualmachines", "virtualmachinedeployments", "machinerevisions", "plugins", "hosts", "events"})
WRITES = frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})
READY = """SELECT count(*) FROM resources, json_each(status, '$.conditions') AS c WHERE kind='VirtualMachine'
AND json_extract(c.value, '$.type')='Ready' AND json_extract(c.value, '$.status')='True'"""
_REQUESTS = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')

Writes = Counter[tuple[str, str]]  # by verb, and by resource with its subresource


def measure(count: int) -> Result:
    say("kubernetes: starting a control plane and the operator")
    with room() as place, ControlPlane(place / "plane", assets=Assets.find(build=True)) as plane:
        install_crds(plane)
        plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": LEASES}})
        with _operating(plane, place) as operator:
            found = run(_measure(plane, operator, count))
        say("kubernetes: the same writes by a plain client")
        baseline = run(_plain(plane, count))
    return replace(found, baseline=baseline, ratio=found.value / baseline)


@dataclass(frozen=True, slots=True)
class Operator:
    pid: int
    state: Path
    health: str  # URL

    @property
    def cpu(self) -> float:
        """Seconds so far, of all its threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.health}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def machines_ready(self) -> int:
        """Counts them in its mirror of what the API server has."""
        with closing(sqlite3.connect(f"file:{self.state}/index.sqlite?mode=ro", uri=True)) as index:
            return int(index.execute(READY).fetchone()[0])


@contextmanager
def _operating(plane: ControlPlane, place: Path) -> Iterator[Operator]:
    state, port = place / "state", _free_port()
    command = [sys.executable, "-m", "homeostat.cli.main", "--state", str(state), "--connect", fleet.node(place)]
    options = ["--kubeconfig", str(plane.kubeconfig), "--host", "bench", "--health-bind", f"127.0.0.1:{port}"]
    with (place / "operator.log").open("wb") as output:
        running = subprocess.Popen([*command, "operator", *options], stdout=output, stderr=output)
    try:
        yield Operator(running.pid, state, f"http://127.0.0.1:{port}")
    finally:
        running.terminate()
        running.wait(30)


async def _measure(plane: ControlPlane, operator: Operator, count: int) -> Result:
    await until(operator.is_ready, "the operator is ready", 0.05)
    await until(lambda: _takes_machines(plane), "the host takes machines", 0.1)
    before, cpu = _writes(plane), operator.cpu
    say(f"kubernetes: {count} machines")
    start = time.perf_counter()
    await _create(plane, count)
    created = time.perf_counter() - start
    look = max(0.1, count / LOOKED_AT)
    await until(lambda: operator.machines_ready() == count, f"{count} machines are Ready", look, timeout=600)
    ready = time.perf_counter() - start
    used, rss = operator.cpu - cpu, rss_mb(operator.pid)
    await _at_rest(plane)
    mine = _writes(plane) - before
    mine["POST", "virtualmachines"] -= count
    say(f"kubernetes: {dict(mine)}; measuring {WINDOW:g} s at rest")
    before, cpu, since = _writes(plane), operator.cpu, time.perf_counter()
    await pass_seconds(WINDOW)
    passed, resting = time.perf_counter() - since, _writes(plane) - before
    return Result(
        "kubernetes",
        count,
        ready,
        "s",
        BUDGET,
        more=dict[str, Figure](
            writes_per_vm=_of_ours(mine) / count,
            writes_at_rest=_of_ours(resting),
            lease_writes_per_s=_of_leases(resting) / passed,
            writes={f"{verb} {resource}": float(number) for (verb, resource), number in sorted(mine.items()) if number},
            created_s=created,
            cpu_ms_per_vm=used * 1000 / count,
            cores_at_rest=(operator.cpu - cpu) / passed,
            rss_mb=rss,
            peak_mb=peak_mb(operator.pid),
        ),
    )


def _takes_machines(plane: ControlPlane) -> bool:
    with suppress(OSError, KeyError):
        hosts = plane.api("GET", "/apis/homeostat.dev/v1alpha1/hosts")["items"]
        return any(c["type"] == "Schedulable" and c["status"] == "True" for host in hosts for c in host["status"]["conditions"])
    return False


async def _create(plane: ControlPlane, count: int) -> None:
    """Creates machines like a client in a hurry."""
    async with _client(plane) as cluster:
        await _all(AT_ONCE, (_post(cluster, number, name) for number, name in enumerate(fleet.names(count))))


async def _plain(plane: ControlPlane, count: int) -> float:
    """Returns the seconds for the writes alone, on as many other machines: made, placed, two events and a status of each."""
    sample = plane.api("GET", f"/apis/homeostat.dev/v1alpha1/namespaces/{NAMESPACE}/virtualmachines/{fleet.names(1)[0]}")
    event = plane.api("GET", f"/api/v1/namespaces/{NAMESPACE}/events?limit=1")["items"][0]
    event["apiVersion"], event["kind"] = "v1", "Event"

    async def write(cluster: Cluster, number: int, name: str) -> None:
        path, key = PATHS[VirtualMachine.KIND], Key(VirtualMachine.KIND, NAMESPACE, name)
        await _post(cluster, number, name)
        await cluster.patch(path, key, {"metadata": {"finalizers": sample["metadata"]["finalizers"]}}, "benchmark")
        for told in ("created", "started"):
            told_key = Key("Event", NAMESPACE, f"{name}.{told}")
            body = {**event, "metadata": {"name": told_key.name, "namespace": NAMESPACE}}
            await cluster.create(EVENTS, told_key, body, "benchmark")
        await cluster.patch(path, key, {"status": sample["status"]}, "benchmark", status=True)

    async with _client(plane) as cluster:
        start = time.perf_counter()
        await _all(WORKERS, (write(cluster, number, f"plain-{name}") for number, name in enumerate(fleet.names(count))))
        return time.perf_counter() - start


async def _post(cluster: Cluster, number: int, name: str) -> None:
    document: dict[str, Any] = yaml.safe_load(fleet.document(number, name))
    await cluster.create(PATHS[VirtualMachine.KIND], Key(VirtualMachine.KIND, NAMESPACE, name), document, "benchmark")


async def _all(at_once: int, jobs: Iterable[Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(at_once)

    async def one(job: Awaitable[None]) -> None:
        async with slots:
            await job

    await asyncio.gather(*(one(job) for job in jobs))


@asynccontextmanager
async def _client(plane: ControlPlane) -> AsyncIterator[Cluster]:
    cluster = await Cluster.connect(Access(plane.kubeconfig))
    try:
        yield cluster
    finally:
        await cluster.close()


async def _at_rest(plane: ControlPlane) -> None:
    last, since = _of_ours(_writes(plane)), time.perf_counter()

    def quiet() -> bool:
        nonlocal last, since
        now = _of_ours(_writes(plane))
        if now != last:
            last, since = now, time.perf_counter()
        return time.perf_counter() - since > QUIET

    await until(quiet, "nothing is written any more", 0.5)


def _writes(plane: ControlPlane) -> Writes:
    """Returns the writes as the API server counts them, from all clients."""
    request = urllib.request.Request(f"{plane.url}/metrics", headers={"Authorization": f"Bearer {plane.credentials.admin_token}"})
    trusted = ssl.create_default_context(cafile=str(plane.certificate))
    with urllib.request.urlopen(request, timeout=30, context=trusted) as answer:
        text = answer.read().decode()
    found: Writes = Counter()
    for labels, value in _REQUESTS.findall(text):
        said = dict(_LABEL.findall(labels))
        if said["verb"] in WRITES:
            place = "/".join(filter(None, (said["resource"], said["subresource"])))
            found[said["verb"], place] += int(float(value))
    return found


def _of_ours(writes: Writes) -> int:
    return sum(number for (_, place), number in writes.items() if place.partition("/")[0] in OURS)


def _of_leases(writes: Writes) -> int:
    return sum(number for (_, place), number in writes.items() if place == "leases")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
