"""libvirt's event thread outlives whatever one turn of it dies of, and tells."""

from __future__ import annotations

import threading
from contextlib import suppress

import libvirt
import pytest

from homeostat.driver.connection import eventloop
from homeostat.runtime.engine.supervise import Supervisor


def test_it_goes_on_and_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, ended = [], threading.Event()

    def turn() -> None:
        turns.append(1)
        if len(turns) < 3:
            raise KeyError("a defect in one turn")
        ended.set()
        raise SystemExit  # what ends the thread of this test, and no other

    monkeypatch.setattr(libvirt, "virEventRunDefaultImpl", turn)
    monkeypatch.setattr(eventloop, "PAUSE", 0.0)
    supervisor = Supervisor()
    monkeypatch.setattr(eventloop, "listeners", {supervisor.stumbled})

    def run() -> None:
        with suppress(SystemExit):
            eventloop._run()

    thread = threading.Thread(target=run)
    thread.start()
    assert ended.wait(10)
    thread.join(10)
    assert supervisor.deaths(eventloop.TASK) == 2
    assert "a defect in one turn" in supervisor.failing[0].error
