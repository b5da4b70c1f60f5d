"""The operator of a cluster ends in order where the terminal does that it was started on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.kubernetes.operating import SOON, operating
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until


@pytest.mark.skipif(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, reason="these tests run under nohup")
def test_it_ends_in_order(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with operating(plane, tmp_path / "state") as operator:
        operator.wait_said("following")
        operator.signal(signal.SIGHUP)
        operator.signal(signal.SIGHUP)  # from the kernel, and from the shell
        wait_until(lambda: not operator.runs, SOON, "it has ended")
        assert "stopped; guests keep running" in operator.said() and "forced" not in operator.said()
