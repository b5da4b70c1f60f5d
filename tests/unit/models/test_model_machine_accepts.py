"""What may be written, and what it means when it is left out."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from homeostat.models.kinds import kind_named
from homeostat.models.machine import VirtualMachine
from tests.unit.machines import machine


def test_an_empty_spec_is_a_machine() -> None:
    spec = machine().spec
    assert (spec.run_strategy, spec.power, spec.update_policy, spec.drift_policy) == ("Always", None, "OnNextBoot", "Correct")
    assert (spec.resources.vcpu, spec.resources.memory) == (1, 512 * 2**20)
    assert (spec.shutdown.grace_period_seconds, spec.shutdown.on_timeout) == (60, "Force")
    assert spec.reclaim_policy == "Delete"


def test_what_was_written_is_what_is_dumped() -> None:
    spec: dict[str, Any] = {
        "runStrategy": "Manual",
        "power": "Paused",
        "resources": {"memory": "1Gi", "vcpu": 2},
        "disks": [{"name": "root", "image": {"url": "https://example.org/a.qcow2"}, "size": "10Gi"}],
        "nics": [
            {"name": "u", "user": {"forwards": [{"hostPort": 1, "guestPort": 2, "protocol": "UDP", "hostAddress": "0.0.0.0"}]}}
        ],
    }
    assert machine(**spec).dump()["spec"] == spec


@pytest.mark.parametrize("sha", ["A" * 64, "sha256:" + "a" * 64])
def test_a_hash_may_be_written_in_either_case_and_with_its_name(sha: str) -> None:
    vm = machine(disks=[{"name": "a", "image": {"url": "file:///a.img", "sha256": sha}}])
    assert vm.spec.disks[0].image and vm.spec.disks[0].image.sha256 == "a" * 64


def test_one_port_may_be_forwarded_for_both_protocols() -> None:
    forwards = [{"hostPort": 53, "guestPort": 53, "protocol": p} for p in ("TCP", "UDP")]
    assert machine(nics=[{"name": "u", "user": {"forwards": forwards}}]).spec.nics[0].user


def test_two_disks_of_one_image_are_fine() -> None:
    image = {"url": "https://example.org/a.qcow2"}
    assert len(machine(disks=[{"name": n, "image": image} for n in ("a", "b")]).spec.disks) == 2


def test_what_an_api_server_adds_is_passed_over() -> None:
    vm = VirtualMachine.model_validate({"metadata": {"name": "a", "managedFields": [{"manager": "kubectl"}]}})
    assert "managedFields" not in vm.dump()["metadata"]


def test_a_machine_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        machine().spec.suspend = True


@pytest.mark.parametrize("word", ["VirtualMachine", "virtualmachine", "virtualmachines", "vm", "VMs"])
def test_the_kind_answers_to_its_names(word: str) -> None:
    assert kind_named(word) is VirtualMachine
