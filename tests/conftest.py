"""What every part of the test suite shares."""

from __future__ import annotations

import os

os.environ.setdefault("HOMEOSTAT_SETTLE", "0.3")  # of operators that run as programs: most removals here are meant
os.environ.setdefault("HOMEOSTAT_CONFIG", os.devnull)  # whatever this machine's own operator is configured to do

pytest_plugins = ["tests.rig.plugin"]
