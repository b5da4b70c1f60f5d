"""schemathesis over the served document, by nobody and signed in: no 5xx, no dropped connection, nothing undocumented."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.fuzzed import make, obedient
from tests.api.harness import serving

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance,unsupported_method,allow_header_conformance,ignored_auth"
)
SECONDS = {"nobody": 6, "signed in": 18}
TOKEN = "correct-horse-battery-staple"
# All paths name what is there. The stream never ends, and readiness says 503 without an operator.
CONFIG = """
hooks = "hooks.py"

[[operations]]
include-path-regex = "/(vms|deployments|disks|images|networks|snapshots|snapshotschedules)/.name."
parameters = { "path.name" = "fuzzed" }

[[operations]]
include-path-regex = "/plugins/.plugin."
parameters = { "path.plugin" = "fuzzed" }
"""
# The parts of an upload are bytes, as those of a whole file are.
HOOKS = """
import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
"""


def shuffled(document: dict[str, Any]) -> dict[str, Any]:
    """The document in another order each time: what time does not suffice for is another part of it."""
    paths = list(document["paths"].items())
    random.shuffle(paths)
    return {**document, "paths": dict(paths)}


@pytest.mark.parametrize("who", ["nobody", "signed in"])
def test_security_8_no_request_breaks_the_server_or_the_document(tmp_path: Path, who: str) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    (tmp_path / "hooks.py").write_text(HOOKS)
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "token").chmod(0o600)
    signed_in = {"Authorization": f"Bearer {TOKEN}"}
    with serving(tmp_path, "--token-file", str(tmp_path / "token"), headers=signed_in) as api:
        make(api)
        document = tmp_path / "openapi.json"
        document.write_text(json.dumps(shuffled(api.http.get("/api/v1/openapi").json())))
        run = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"), "run", str(document),
            "--url", f"http://127.0.0.1:{api.port}", "--checks", CHECKS, "--phases", "examples,coverage,fuzzing",
            "--max-examples", "25", "--max-time", str(SECONDS[who]), "--request-timeout", "10", "--generation-database", "none",
            "--exclude-path", "/api/v1/events/vms", "--exclude-path", "/api/v1/watch", "--exclude-path", "/readyz", "--no-color",
            *(("--header", f"Authorization: Bearer {TOKEN}") if who == "signed in" else ()),
        ]  # fmt: skip
        with obedient(api):
            ended = subprocess.run(run, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    log = (tmp_path / "api.log").read_text()
    assert "incident" not in log and "Traceback" not in log, log[-4000:]
