"""An operator whose libvirt accepts connections and says nothing can be ended: asked again, it ends at once."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from tests.kubernetes.operating import SOON, OperatorProcess, operating
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until


def test_a_second_signal_ends_it(crds: list[str], plane: ControlPlane, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"qemu+tcp://127.0.0.1:{silent.getsockname()[1]}/system"
        with operating(plane, tmp_path / "state", start=False, uri=uri) as operator:
            operator.start()
            operator.wait_said("serves host node")
            _end_by_two_signals(operator)
            assert "forced: ended at once; guests keep running" in operator.said()


def _end_by_two_signals(operator: OperatorProcess) -> None:
    operator.signal(signal.SIGTERM)
    operator.signal(signal.SIGINT)  # another one: two of the same may become one
    wait_until(lambda: not operator.runs, SOON, "it has ended")
