"""What every part of the test suite shares."""

from __future__ import annotations

import os

os.environ.setdefault("HOMEOSTAT_SETTLE", "0.3")  # of operators that run as programs: most removals here are meant
# What this machine's own operator is configured to do, and the demo's shell exports, is nobody's business here.
os.environ["HOMEOSTAT_CONFIG"] = os.devnull
for name in ("STATE", "DIR", "CONNECT", "NAMESPACE", "SERVER", "TOKEN_FILE"):
    os.environ.pop(f"HOMEOSTAT_{name}", None)

pytest_plugins = ["tests.rig.plugin"]
