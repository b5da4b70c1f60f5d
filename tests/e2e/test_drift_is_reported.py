"""With driftPolicy Report, what others did is told field by field and left so, until the policy says Correct."""

from __future__ import annotations

from tests.e2e.homeostat import Homeostat, idle

NAME = "watched"


def test_fields_are_told_and_left(homeostat: Homeostat) -> None:
    homeostat.write(NAME, idle(driftPolicy="Report"))
    homeostat.start()
    homeostat.wait_ready(NAME)
    edited = homeostat.root / "edited.xml"
    text = homeostat.virsh("dumpxml", "--inactive", NAME)
    edited.write_text(text.replace(">32768<", ">65536<").replace("<vcpu placement='static'>1<", "<vcpu placement='static'>3<"))
    homeostat.virsh("define", str(edited))
    homeostat.virsh("suspend", NAME)

    def told() -> dict[str, tuple[str, str]]:
        return {change.field: (change.old, change.new) for change in homeostat.status(NAME).drift}

    expected = {
        "resources.memory": ("64Mi", "32Mi"),
        "resources.vcpu": ("3", "1"),
        "power": ("paused (by someone)", "running"),
    }
    homeostat.wait_for(lambda: told() == expected, f"exactly this is told: {expected}")
    drifted = homeostat.wait_condition(NAME, "Drifted")
    assert "resources.vcpu: 3 → 1" in drifted.message
    assert homeostat.condition(NAME, "Ready").status == "False"  # type: ignore[union-attr]
    assert homeostat.state_of(NAME) == "paused"
    assert homeostat.count(NAME, "Redefined") == 0

    homeostat.edit(NAME, lambda spec: spec.update(driftPolicy="Correct"))
    homeostat.wait_ready(NAME)
    assert homeostat.state_of(NAME) == "running"
    assert homeostat.status(NAME).drift == ()
    assert "<vcpu placement='static'>1</vcpu>" in homeostat.virsh("dumpxml", "--inactive", NAME)
