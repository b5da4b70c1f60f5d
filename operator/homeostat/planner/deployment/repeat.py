"""Whether there can be as many machines of a template as its deployment may have at the same time. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from homeostat.models.deployment import VirtualMachineDeployment
from homeostat.models.listening import listeners
from homeostat.models.machine import VirtualMachineSpec

from .tally import allowance


def usable_once(deployment: VirtualMachineDeployment) -> str:
    """Names what only one machine can have, in a template that several machines may be made of. Empty: there is nothing. The
    template includes the plugin's part.

    Serials of disks are each guest's own, and so are MACs in user mode.
    """
    spec = deployment.spec
    surge, _ = allowance(deployment)
    most, single = spec.replicas + surge, list(_single(spec.template.spec))
    if most < 2 or not single:
        return ""
    more = f"replicas: {spec.replicas}" + (f", and {surge} more while they are replaced" if surge else "")
    mend = "leave it out" if spec.replicas > 1 else "leave it out, or say strategy: {type: Recreate}"
    return f"template.spec: {', '.join(single)} is for one machine only, but there may be {most} ({more}): {mend}"


def _single(spec: VirtualMachineSpec) -> Iterator[str]:
    yield from (f"disks[{disk.name}]: Disk {disk.disk_ref.name}" for disk in spec.disks if disk.disk_ref)
    for nic in spec.nics:
        if nic.mac and not nic.user:
            yield f"nics[{nic.name}]: mac {nic.mac}"
        if nic.tap:
            yield f"nics[{nic.name}]: tap {nic.tap.name}"
    if spec.vsock and spec.vsock.cid is not None:
        yield f"vsock: cid {spec.vsock.cid}"
    yield from (f"hostDevices[{device.name}]: {' '.join(device.asked)}" for device in spec.host_devices)
    yield from (f"{listener.field} {listener}" for listener in listeners(spec.nics, spec.display.vnc))
