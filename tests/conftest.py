"""What every part of the test suite shares."""

from __future__ import annotations

pytest_plugins = ["tests.rig.plugin"]
