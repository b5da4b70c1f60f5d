"""What is done elsewhere is in the audit, whoever is killed between its beginning and its end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from homeostat.accounts.audit.audit import Act, Audit, By
from homeostat.accounts.audit.deeds import INTERRUPTED, Deeds, this_server
from homeostat.accounts.database.database import Database
from tests.accounts.clock import SetClock

BOB = By("session", "bob", "192.0.2.1")
CHANGE = Act("change", "VirtualMachine", "web", "default")
DONE = Act("change", "VirtualMachine", "web", "default", "Done", "spec.resources.memory")
DIES = """
import os, signal, sys
from homeostat.accounts.audit.audit import Act, By
from homeostat.accounts.database.database import Database
from homeostat.accounts.audit.deeds import Deeds
Deeds(Database.open(sys.argv[1])).begin(By("session", "bob", "192.0.2.1"), Act("change", "VirtualMachine", "web", "default"))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def audit(database: Database, clock: SetClock) -> Audit:
    return Audit(database, clock)


def test_one_that_has_ended(database: Database, clock: SetClock, audit: Audit) -> None:
    deeds = Deeds(database, clock)
    begun = deeds.begin(BOB, CHANGE)
    assert not audit.search(), "it has not ended"
    clock.go(seconds=5)
    deeds.end(begun, BOB, DONE)
    (entry,) = audit.search()
    assert (entry.at, entry.by, entry.act) == (clock.now, BOB, DONE)
    assert deeds.settle() == 0
    clock.go(hours=2)
    assert deeds.settle() == 0 and len(audit.search()) == 1


def test_one_whose_server_was_killed(url: str, database: Database, clock: SetClock, audit: Audit) -> None:
    assert subprocess.run([sys.executable, "-c", DIES, url], check=False).returncode == -9
    deeds = Deeds(database, clock)
    assert deeds.settle() == 1
    (entry,) = audit.search()
    assert (entry.by, entry.act) == (BOB, Act("change", "VirtualMachine", "web", "default", "Interrupted", INTERRUPTED))
    assert deeds.settle() == 0 and len(audit.search()) == 1


def test_one_that_goes_on_is_left_alone(database: Database, clock: SetClock, audit: Audit) -> None:
    ours, another_host = Deeds(database, clock), Deeds(database, clock, "0123456789abcdef 7 7")
    for deeds in (ours, another_host):
        deeds.begin(BOB, CHANGE)
    clock.go(minutes=59)
    assert Deeds(database, clock).settle() == 0
    clock.go(minutes=2)
    assert Deeds(database, clock).settle() == 2, "nothing takes an hour"


def test_another_process_of_the_same_number_is_another(database: Database, clock: SetClock) -> None:
    house, process, started = this_server().split(" ")
    assert int(process) == os.getpid()
    Deeds(database, clock, f"{house} {process} {int(started) + 1}").begin(BOB, CHANGE)
    assert Deeds(database, clock).settle() == 1


def test_of_another_container_nobody_knows_which_processes_live(database: Database, clock: SetClock) -> None:
    house, process, started = this_server().split(" ")
    Deeds(database, clock, f"{house}1 {process} {int(started) + 1}").begin(BOB, CHANGE)
    assert Deeds(database, clock).settle() == 0


def test_one_that_was_taken_for_interrupted_still_says_how_it_ended(database: Database, clock: SetClock, audit: Audit) -> None:
    deeds = Deeds(database, clock)
    begun = deeds.begin(BOB, CHANGE)
    clock.go(hours=2)
    assert deeds.settle() == 1
    deeds.end(begun, BOB, DONE)
    assert [entry.act.outcome for entry in audit.search()] == ["Done", "Interrupted"]
