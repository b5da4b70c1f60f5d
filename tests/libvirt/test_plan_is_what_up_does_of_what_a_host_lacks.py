"""What a host lacks, or does not allow, `homeostat plan` says in the words that `homeostat up` then has.

The facts of the test driver are replaced by those of a host that lacks the thing: which host runs the tests does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml

from homeostat.cli.show.plans.render_plan import exit_code
from homeostat.planner.allowed import Allowed
from homeostat.planner.domain import DomainType
from homeostat.planner.observed import PassedDevice
from tests.libvirt.test_plan_is_what_up_does import SMALL, Rig, Spec, nics, run, shown
from tests.libvirt.test_plan_is_what_up_does_of_other_kinds import _attributed, plan_and_up
from tests.libvirt.test_plan_is_what_up_does_of_what_is_there import said
from tests.unit.images import blob

__all__ = ["_attributed"]  # a fixture of this module, too

KEY = PassedDevice("usb", "001:004", "046d:c31c")
ALLOWED = Allowed(host_devices=True, folders=("/srv/f",))
USB: Spec = {**SMALL, "hostDevices": [{"name": "key", "usb": {"bus": 1, "device": 4}}]}
SHARED: Spec = {**SMALL, "filesystems": [{"name": "f", "path": "/srv/f"}]}
PASSED: Spec = {**SMALL, "resources": {"memory": "64Mi", "cpu": {"model": "host-passthrough"}}}
TWO: Spec = {"vcpu": 2, "cpu": {"topology": {"sockets": 1, "cores": 2, "threads": 1}}}
QEMU = frozenset({DomainType.QEMU})  # the test driver's own type asks nothing of CPUs


@dataclass(frozen=True)
class Case:
    """``facts``: what is known of the host. ``versions``: what is written, one after another; the last one is refused. ``here``:
    the host's files are this machine's."""

    reason: str
    words: str
    versions: tuple[dict[str, Spec], ...]
    facts: dict[str, Any] = field(default_factory=dict)
    name: str = "a"
    here: bool = False


def once(reason: str, words: str, spec: Spec, **facts: Any) -> Case:
    return Case(reason, words, ({"a": spec},), facts)


CASES = {
    "a tap": once("TapMissing", "has no tap 'tap7'", nics({"tap": {"name": "tap7", "existing": True}}), taps=frozenset()),
    "a TPM of that version": once("TpmMissing", "no swtpm", {**SMALL, "tpm": {"version": "2.0"}}, tpms=frozenset({"1.2"})),
    "virtiofs": once("VirtiofsMissing", "no virtiofs", SHARED, allowed=ALLOWED, virtiofs=False),
    "a shared folder": Case("FolderMissing", "has no folder /srv/f now", ({"a": SHARED},), {"allowed": ALLOWED}, here=True),
    "a vsock": once("VsockMissing", "modprobe vhost_vsock", {**SMALL, "vsock": {}}, vsock=False),
    "KVM": once("NoKVM", "use Auto or TCG", {**SMALL, "virtualization": "KVM"}, domain_types=QEMU),
    "KVM for its CPU": once("NoKVM", "needs KVM", PASSED, domain_types=QEMU),
    "a machine type": once(
        "MachineTypeMissing",
        "such as 7.2",
        {**SMALL, "machine": {"version": "99.9"}},
        domain_types=QEMU,
        machine_types=frozenset({"pc-q35-7.2"}),
    ),
    "a CPU model": once(
        "CpuModelMissing",
        "did you mean qemu64?",
        {**SMALL, "resources": {**SMALL.get("resources", {}), "cpu": {"model": "qemu46"}}},
        domain_types=QEMU,
        cpu_models=frozenset({"qemu64"}),
    ),
    "a CPU feature": once(
        "CpuFeatureMissing",
        "did you mean avx2?",
        {**SMALL, "resources": {**SMALL.get("resources", {}), "cpu": {"features": ["avx22"]}}},
        domain_types=QEMU,
        cpu_features=frozenset({"avx2"}),
    ),
    "a device": once("HostDeviceMissing", "has no usb device", USB, allowed=ALLOWED, devices=frozenset()),
    "a device that another has": Case(
        "HostDeviceTaken", "is taken by", ({"a2": USB}, {"a": USB}), {"allowed": ALLOWED, "devices": frozenset({KEY})}
    ),
    "a cid that another has": Case(
        "CidTaken", "choose another cid", ({"a2": {**SMALL, "vsock": {"cid": 7}}}, {"a": {**SMALL, "vsock": {"cid": 7}}})
    ),
    "a link to forward to": Case(
        "DeviceMissing",
        "has no network device 'eth9'",
        ({"n": {"mode": "Routed", "forwardDevice": "eth9", "addresses": [{"cidr": "10.77.1.1/24"}]}},),
        {"links": frozenset({"eth0"})},
        "n",
    ),
    "as many CPUs as its plugin gives": Case(
        "TopologyMismatch",
        "resources.cpu.topology makes 2 CPUs, and resources.vcpu is 3",
        (
            {
                "p": {"version": "1", "kernel": {"path": "{dir}/one.img"}, "resources": {"memory": "64Mi", "maxVcpu": 3}},
                "a": {"pluginRef": {"name": "p"}, "resources": TWO, "shutdown": SMALL["shutdown"]},
            },
        ),
        {"domain_types": QEMU},
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_findings_plan_refuses_what_up_refuses_for_want_of(case: str) -> None:
    wanted = CASES[case]

    async def scenario(made: Rig) -> None:
        (made.root / "one.img").write_bytes(blob(1 << 20))
        made.host._facts, made.host._here = replace(made.host._facts, **wanted.facts), wanted.here
        for version in wanted.versions:
            made.write(**yaml.safe_load(yaml.safe_dump(version).replace("{dir}", str(made.root))))
            found = await plan_and_up(made)
        (entry,) = (entry for entry in found.entries if entry.resource.metadata.name == wanted.name)
        assert said(entry).startswith(f"{wanted.reason}: ") and wanted.words in said(entry), said(entry)
        assert entry.stalled and exit_code(found.entries) == 1
        assert shown(found).count(said(entry)) == 1

    run(scenario)
