"""What the fixture ``call`` of the tests of commands gives."""

from __future__ import annotations

from collections.abc import Callable

from _pytest.capture import CaptureResult

Call = Callable[..., CaptureResult[str]]
"""Calls ``homeostat`` in this process, expects its exit ``code``, and returns what it printed."""
