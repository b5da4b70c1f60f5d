"""Each task of the informer dies once: that is told, and it goes on; so it does where a mirror cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.models.host import Host
from homeostat.runtime.engine.supervise import VARIABLE, Supervisor
from homeostat.store.errors import ReadOnly
from homeostat.store.kubernetes.mirror import Mirror
from tests.rig.waiting import wait_until
from tests.unit.informing import informing


def test_each_task_dies_once_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "*:0.05")
    with informing(tmp_path) as informer:
        kept: Supervisor = informer._supervisor
        tasks = ["informer: Host", "informer: lists"]
        wait_until(lambda: all(kept.deaths(task) == 1 for task in tasks), 10, "each has died")
        assert {failing.task for failing in kept.failing} >= set(tasks)
        wait_until(lambda: list(kept.running) == tasks, 10, "each runs again")
    assert not kept.running


def test_what_cannot_be_kept_is_told_and_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with informing(tmp_path) as informer:

        def full(*_: object) -> None:
            raise ReadOnly("no space")

        monkeypatch.setattr(Mirror, "take", full)
        informer._pending = [(False, {})]
        informer._take()
        assert informer._supervisor.failing[0].error == "no space" and Host.KIND in informer._relisted
        monkeypatch.setattr(Mirror, "take", lambda *_: None)
        informer._take()
        assert not [f for f in informer._supervisor.failing if f.task == "informer: mirror"]


def test_an_api_server_that_is_away_leaves_answers_out_of_date(tmp_path: Path) -> None:
    with informing(tmp_path) as informer:
        assert informer.out_of_date_since() == "" or not informer.synced
        wait_until(lambda: informer.out_of_date_since() == "unknown", 10, "it is noticed")
        informer._note(answers=True)
        assert informer.out_of_date_since() == ""
        informer._note(answers=False)
        assert informer.out_of_date_since().startswith("20")
