"""A change that needs a restart is explained and waits; the restart token brings it."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle


def memory_of(homeostat: Homeostat, name: str) -> int:
    """KiB of the running domain."""
    line = next(line for line in homeostat.virsh("dominfo", name).splitlines() if line.startswith("Max memory"))
    return int(line.split()[2])


def test_memory_waits_for_the_restart_token(homeostat: Homeostat) -> None:
    homeostat.write("larger", idle())
    homeostat.start()
    homeostat.wait_ready("larger")
    run = homeostat.status("larger").run

    homeostat.edit("larger", lambda spec: spec.update(resources={"memory": "48Mi"}))
    required = homeostat.wait_condition("larger", "RestartRequired")
    assert "resources.memory: 32Mi → 48Mi" in required.message
    (change,) = homeostat.status("larger").changes
    assert (change.field, change.old, change.new, change.disruption) == ("resources.memory", "32Mi", "48Mi", "NeedsRestart")
    assert homeostat.status("larger").run == run
    assert memory_of(homeostat, "larger") == 32 * 1024

    homeostat.edit("larger", lambda spec: spec.update(restartedAt="once"))
    homeostat.wait_for(lambda: homeostat.condition("larger", "RestartRequired") is None, "nothing waits any more")
    homeostat.wait_ready("larger")
    assert homeostat.status("larger").run != run
    assert memory_of(homeostat, "larger") == 48 * 1024
    assert homeostat.status("larger").restarts == 0, "nobody had to bring it back"


def test_update_policy_never_changes_nothing_while_it_runs(homeostat: Homeostat) -> None:
    homeostat.write("fixed", idle(updatePolicy="Never"))
    homeostat.start()
    homeostat.wait_ready("fixed")
    definition = homeostat.virsh("dumpxml", "--inactive", "fixed")
    nics = [{"name": "late", "network": "default"}]
    homeostat.edit("fixed", lambda spec: spec.update(nics=nics, resources={"memory": "48Mi"}))
    homeostat.wait_condition("fixed", "RestartRequired")
    assert {change.field for change in homeostat.status("fixed").changes} == {"resources.memory", "nics[late]"}
    assert homeostat.virsh("dumpxml", "--inactive", "fixed") == definition
