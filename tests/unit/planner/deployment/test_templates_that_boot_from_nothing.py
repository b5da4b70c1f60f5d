"""A template whose order to boot names what neither it nor its plugin has is refused, unless machines are made of it already."""

from __future__ import annotations

import pytest

from homeostat.models.deployment import MachineTemplate
from homeostat.planner.deployment.revision import unbootable
from tests.unit.fleet import deployment


def template(*order: str, vcpu: int = 1) -> MachineTemplate:
    boot, disks = {"order": list(order)}, [{"name": "data", "size": "1Gi"}]
    spec = {"boot": boot, "disks": disks, "pluginRef": {"name": "p"}, "resources": {"vcpu": vcpu}}
    return MachineTemplate.model_validate({"spec": spec})


@pytest.mark.parametrize(
    ("recorded", "refused"),
    [([], True), ([template("data")], True), ([template("data"), template("dat")], False), ([template("dat", vcpu=2)], True)],
    ids=["none", "another", "the same", "nearly the same"],
)
def test_it_is_refused_while_it_is_new(recorded: list[MachineTemplate], refused: bool) -> None:
    found = unbootable(deployment(2, template("dat")), recorded)
    assert (found is not None) is refused
    if found:
        assert found.reason == "BootOrderUnknown"
        assert found.message.startswith("template.spec.boot.order: ") and found.message.endswith(
            "named 'dat'; did you mean data?"
        )
    assert unbootable(deployment(2, template("data")), recorded) is None
