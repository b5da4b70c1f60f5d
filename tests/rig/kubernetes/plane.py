"""A private Kubernetes control plane on loopback: etcd, kube-apiserver, and kube-controller-manager where there is one.

Program: `python -m tests.rig.kubernetes.plane [--dir DIR]` starts one (building it first, where needed), prints the path of the
administrator's kubeconfig and stays until SIGTERM or Ctrl-C.

It is ready in about 5 s and takes about 400 MB. Its programs die with the thread that started them, however that ends: start and
restart it from the main thread.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.rig.kubernetes.assets import Assets
from tests.rig.kubernetes.credentials import ADMIN, Credentials
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.waiting import wait_until

START_TIMEOUT = 90.0  # seconds; 4 s on an idle machine
GRACE = 5.0  # seconds for an orderly stop; a server with open watches would take 60
CONTROLLERS = "namespace,garbagecollector"  # these delete the content of a namespace, and what an owner leaves behind


class ControlPlane:
    """A context manager: started on entry, ended with all its objects on exit. A folder that the caller named keeps the logs.

    ``apiserver_flags`` are more flags for kube-apiserver, for a test that needs its own plane.
    """

    def __init__(
        self, directory: Path | None = None, *, assets: Assets | None = None, apiserver_flags: Sequence[str] = ()
    ) -> None:
        self._temporary = directory is None
        self.directory = (directory or Path(tempfile.mkdtemp(prefix="hs-plane-"))).resolve()
        self.assets = assets or Assets.find()
        self._flags = tuple(apiserver_flags)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._etcd_port = self._peer_port = self.port = self._controllers_port = 0  # chosen by start()
        self.credentials = Credentials(self.directory / "credentials")

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    # Users

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.kubeconfig_of(ADMIN)

    @property
    def certificate(self) -> Path:
        """What the API server is verified by."""
        return self.credentials.certificate

    def kubeconfig_of(self, user: str) -> Path:
        """Returns that of ``admin``, or of ``alice``, who has no rights of her own."""
        return self.credentials.kubeconfig(user)

    def kubeconfig_of_service_account(self, namespace: str, name: str) -> Path:
        """Writes one for a service account that exists, with a token as its pods would have it: its groups are the real ones."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 86400}}
        answer = json.loads(self.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(request)))
        return self.credentials.kubeconfig(f"system:serviceaccount:{namespace}:{name}", answer["status"]["token"])

    @property
    def kubectl(self) -> Kubectl:
        """As the administrator, in the namespace ``default``."""
        return self.kubectl_with(self.kubeconfig)

    def kubectl_as(self, user: str) -> Kubectl:
        return self.kubectl_with(self.kubeconfig_of(user))

    def kubectl_with(self, kubeconfig: Path) -> Kubectl:
        return Kubectl(self.assets.kubectl, kubeconfig, self.directory)

    def api(self, method: str, path: str, body: Mapping[str, Any] | None = None, content_type: str = "application/json") -> Any:
        """Sends one request as the administrator and returns the JSON, for what kubectl cannot do (such as a patch of
        ``.../status``)."""
        return json.loads(self._request(method, path, None if body is None else json.dumps(body).encode(), content_type))

    # Life

    def start(self) -> None:
        """Starts everything, and waits until it answers."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with _one_start_at_a_time():
            self._etcd_port, self._peer_port, self.port, self._controllers_port = _free_ports(4)
            self.credentials.make(self.url)
            self._start_etcd()
            self.start_apiserver()
            self._start_controllers()

    def stop(self) -> None:
        """Ends everything. Nothing is kept, so the order does not matter."""
        for running in reversed(self._running.values()):
            running.kill()
            running.wait(GRACE)
        self._running.clear()
        shutil.rmtree(self.directory if self._temporary else self.directory / "etcd", ignore_errors=True)

    def __enter__(self) -> ControlPlane:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start_apiserver(self) -> None:
        """Starts the API server where it does not run: same port, objects and tokens as before."""
        if self._runs("kube-apiserver"):
            return
        self._spawn(
            self.assets.apiserver,
            f"--etcd-servers=http://127.0.0.1:{self._etcd_port}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--tls-cert-file={self.credentials.certificate}",
            f"--tls-private-key-file={self.credentials.key}",
            f"--token-auth-file={self.credentials.token_file}",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={self.credentials.key}",
            f"--service-account-key-file={self.credentials.key}",
            "--disable-admission-plugins=ServiceAccount",  # it adds secrets to pods, of which there are none
            *self._flags,
        )
        self._wait_ready("kube-apiserver", self._answers)

    def kill_apiserver(self) -> None:
        """Ends the API server like a crash; etcd and the controllers stay."""
        self._end("kube-apiserver", signal.SIGKILL)

    def stop_apiserver(self) -> None:
        """Ends the API server like an upgrade: it closes its watches in order, if that takes no longer than GRACE."""
        self._end("kube-apiserver", signal.SIGTERM)

    def forget_history(self) -> None:
        """Compacts etcd, as happens every 300 s: older versions are lost, and a watch from them is refused (410 Gone)."""
        revision = int(self._ask_etcd("range", key="AA==")["header"]["revision"])
        self._ask_etcd("compaction", revision=str(revision), physical=True)

    def backup(self) -> Path:
        """Copies what etcd holds, and returns the copy. Nothing answers meanwhile."""
        copy = Path(tempfile.mkdtemp(dir=self.directory, prefix="backup-"))
        with self._without_etcd():
            shutil.copytree(self.directory / "etcd", copy, dirs_exist_ok=True)
        return copy

    def restore(self, backup: Path) -> None:
        """Puts a backup in the place of what etcd holds, as after a disaster: versions go on from where they were then."""
        with self._without_etcd():
            shutil.rmtree(self.directory / "etcd")
            shutil.copytree(backup, self.directory / "etcd")

    def lose_everything(self) -> None:
        """Begins with an empty etcd, as after a disaster without a backup: another cluster, at the same address."""
        with self._without_etcd():
            shutil.rmtree(self.directory / "etcd")

    @contextlib.contextmanager
    def _without_etcd(self) -> Iterator[None]:
        self._end("kube-apiserver", signal.SIGKILL)
        self._end("etcd", signal.SIGTERM)
        try:
            yield
        finally:
            self._start_etcd()
            self.start_apiserver()

    @property
    def has_controllers(self) -> bool:
        """Whether deleted namespaces go away, and what has lost its owner."""
        return self.assets.controller_manager is not None

    def restart_controllers(self) -> None:
        """Restarts them, so that they know new kinds at once: the garbage collector looks for new ones every 30 s only."""
        if self.has_controllers:
            self._end("kube-controller-manager", signal.SIGKILL)
            self._start_controllers()

    @contextlib.contextmanager
    def without_controllers(self) -> Iterator[None]:
        """A while in which nothing collects what has lost its owner."""
        self._end("kube-controller-manager", signal.SIGKILL)
        try:
            yield
        finally:
            self._start_controllers()

    def log(self, program: str) -> Path:
        return self.directory / f"{program}.log"

    # Programs

    def _start_etcd(self) -> None:
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        self._spawn(
            self.assets.etcd,
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        )

    def _start_controllers(self) -> None:
        program = self.assets.controller_manager
        if program is None:
            return
        self._spawn(
            program,
            f"--kubeconfig={self.kubeconfig}",
            f"--authentication-kubeconfig={self.kubeconfig}",
            f"--authorization-kubeconfig={self.kubeconfig}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._controllers_port}",
            # Old versions have a second port, which two planes would both want.
            *(["--port=0"] if self.assets.version(program) < (1, 24) else []),
            f"--tls-cert-file={self.credentials.certificate}",
            f"--tls-private-key-file={self.credentials.key}",
            "--leader-elect=false",
            f"--controllers={CONTROLLERS}",
        )
        self._wait_ready("kube-controller-manager", lambda: _listens(self._controllers_port))

    def stored(self, prefix: str) -> list[str]:
        """Returns the keys of objects as etcd has them, of those that begin so: group, plural, namespace and name. They are given
        without the prefix."""
        first = f"/registry/{prefix}"
        start, end = (base64.b64encode(text.encode()).decode() for text in (first, first[:-1] + chr(ord(first[-1]) + 1)))
        found = self._ask_etcd("range", key=start, range_end=end, keys_only=True)
        return [base64.b64decode(one["key"]).decode().removeprefix(first) for one in found.get("kvs", ())]

    def _ask_etcd(self, what: str, **request: Any) -> Any:
        """Sends etcd a request: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/"""
        url = f"http://127.0.0.1:{self._etcd_port}/v3/kv/{what}"
        with urllib.request.urlopen(url, json.dumps(request).encode(), timeout=30) as answer:
            return json.loads(answer.read())

    def _spawn(self, program: Path, *arguments: str) -> None:
        """Starts a program in its own session, so that Ctrl-C reaches only us. The kernel kills it when we die."""
        with self.log(program.name).open("ab") as log:
            self._running[program.name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", str(program), *arguments],
                env={**os.environ, "GOGC": "400"},  # an eighth less work for more memory
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                start_new_session=True,
            )

    def _runs(self, name: str) -> bool:
        return name in self._running and self._running[name].poll() is None

    def _end(self, name: str, how: signal.Signals) -> None:
        running = self._running.pop(name, None)
        if running is None:
            return
        running.send_signal(how)
        try:
            running.wait(GRACE)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(GRACE)

    def _wait_ready(self, name: str, ready: Callable[[], bool]) -> None:
        wait_until(lambda: not self._runs(name) or ready(), START_TIMEOUT, f"{name} answers (its log: {self.log(name)})")
        if not self._runs(name):
            raise RuntimeError(f"{name} has ended: {self.log(name).read_text(errors='replace')[-2000:]}")

    def _answers(self) -> bool:
        """Tells whether it is ready, and the namespace `default` exists, which takes a moment longer."""
        return self._request("GET", "/readyz") == b"ok" and self.api("GET", "/api/v1/namespaces/default")["kind"] == "Namespace"

    def _request(self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json") -> bytes:
        headers = {"Authorization": f"Bearer {self.credentials.admin_token}", "Content-Type": content_type}
        request = urllib.request.Request(self.url + path, method=method, data=body, headers=headers)
        context = ssl.create_default_context(cafile=str(self.certificate))
        try:
            with urllib.request.urlopen(request, timeout=30, context=context) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            error.add_note(error.read().decode(errors="replace"))  # why
            raise


@contextlib.contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """Makes starts wait for each other: two planes must not choose the same ports."""
    with (Path(tempfile.gettempdir()) / "homeostat-plane.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _free_ports(count: int) -> list[int]:
    """Returns ports that are free now and below those of outgoing connections. So nothing takes the API server's port while it is
    down, not even a client that tries to reach it."""
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = random.SystemRandom().sample(range(5000, max(first_outgoing, 10000)), 50)
    return [port for port in candidates if _is_free(port)][:count]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        return True


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.rig.kubernetes.plane", description="A private Kubernetes control plane."
    )
    parser.add_argument("--dir", type=Path, help="its folder (default: a temporary one)")
    options = parser.parse_args()
    # Signals are not blocked here: the programs would inherit that.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), ControlPlane(options.dir, assets=Assets.find(build=True)) as plane:
        print(plane.kubeconfig, flush=True)
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main())
