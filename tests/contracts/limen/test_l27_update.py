"""L27, L28: a machine that is off is given other resources, both at once; one that runs stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.limen.people import Limen, Somebody, refused


@pytest.fixture(scope="module")
def stopped(bob: Somebody) -> dict[str, Any]:
    vm = bob.make("to-update")
    assert bob.act(vm["id"], "stop").status_code == 200
    return vm


@pytest.mark.parametrize(
    ("size", "about"),
    [
        ({}, "required"),
        ({"cpu": 2}, "memory is required"),
        ({"memory": 1024}, "cpu is required"),
        ({"cpu": 2, "memory": None}, "memory is required"),
        ({"cpu": 33, "memory": 1024}, "CPU"),
        ({"cpu": 2, "memory": 600}, "256"),
        ({"cpu": "2", "memory": 1024}, "CPU"),
    ],
)
def test_l27_both_are_needed_and_checked(bob: Somebody, stopped: dict[str, Any], size: dict[str, Any], about: str) -> None:
    assert about in refused(bob.act(stopped["id"], "update", **size), 400)
    shown = bob.listed(stopped["id"])
    assert shown is not None and (shown["cpu"], shown["memory"]) == (stopped["cpu"], stopped["memory"])


def test_l27_one_that_runs_stays_as_it_is(bob: Somebody, name: str) -> None:
    vm = bob.make(name)
    assert "must be stopped" in refused(bob.act(vm["id"], "update", cpu=2, memory=1024), 400)
    assert bob.listed(vm["id"]) == vm


def test_l28_one_that_is_off_has_it_from_the_next_boot_on(limen: Limen, bob: Somebody, name: str) -> None:
    vm = bob.make(name)
    bob.act(vm["id"], "stop")
    answer = bob.act(vm["id"], "update", cpu=3, memory=1280)
    assert answer.status_code == 200
    assert (answer.json()["cpu"], answer.json()["memory"], answer.json()["status"]) == (3, 1280, "Stopped")
    started = bob.act(vm["id"], "start").json()
    assert (started["cpu"], started["memory"], started["status"]) == (3, 1280, "Running")
    assert started["updated_at"] > vm["updated_at"]
