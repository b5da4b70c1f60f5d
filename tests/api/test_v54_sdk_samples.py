"""The contract's own programs, unmodified (snippets/), against a server where they expect it: port 8080 of localhost."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.harness import Api, serving
from tests.rig.browser import browse
from tests.rig.waiting import wait_until

PORT = 8080
SNIPPETS = Path(__file__).parent / "snippets"
AXIOS = "axios@1.7.9"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "homeostat-tests" / "node"


def taken() -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            return True
    return False


@pytest.fixture
def contract_api(tmp_path: Path) -> Iterator[Api]:
    if taken():
        pytest.skip(f"another program listens on port {PORT}, where the contract's programs look for the server")
    with serving(tmp_path, host="localhost", port=PORT) as api:
        api.install("nginx-alpine")
        api.create_running("web-1", plugin="nginx-alpine")
        yield api


def output(*words: str, **environment: str) -> str:
    ended = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_v54_the_python_sample(contract_api: Api) -> None:
    said = output(sys.executable, str(SNIPPETS / "python.txt"))
    assert said == "web-1: running (10.0.0.10)\nCreated: test-vm\n"
    assert contract_api.get("test-vm")["plugin"] == "nginx-alpine"


def test_v54_the_javascript_sample(contract_api: Api, tmp_path: Path) -> None:
    program = tmp_path / "sample.js"
    program.write_bytes((SNIPPETS / "javascript.txt").read_bytes())
    said = output("node", str(program), NODE_PATH=str(axios()))
    assert sorted(line for line in said.splitlines() if not line.startswith("test-vm")) == [
        "Created: test-vm",
        "web-1: running (10.0.0.10)",
    ]
    assert contract_api.get("test-vm")["plugin"] == "nginx-alpine"


def test_v54_the_events_sample(contract_api: Api, tmp_path: Path) -> None:
    """In a page of the server, since EventSource is a browser's."""
    with browse(f"http://localhost:{PORT}/", tmp_path / "profile") as page:
        page.run((SNIPPETS / "events.txt").read_text())
        wait_until(lambda: page.run("eventSource.readyState === EventSource.OPEN"), 20, "the stream is open")
        contract_api.operator.event("web-1", "Started", ip="10.0.0.10")
        contract_api.operator.event("web-1", "Stopped")
        said = ["VM started: web-1 10.0.0.10", "VM stopped: web-1"]
        wait_until(lambda: page.console() == said, 20, f"the page says {said}")


def axios() -> Path:
    """The folder that holds the library which the sample asks for; fetched once."""
    assert shutil.which("npm"), "npm is missing: scripts/install-system installs it"
    modules = CACHE / AXIOS / "node_modules"
    if not (modules / "axios" / "package.json").exists():
        output("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(CACHE / AXIOS), AXIOS)
    return modules
