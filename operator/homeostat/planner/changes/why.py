"""Why a change takes what it takes, in one sentence per field. Pure."""

from __future__ import annotations

import re

from ..plan import Change, Disruption
from .hotplug import HELD, NO_PORT

# The first pattern that a field matches counts.
_RESTARTS = (
    (r"resources\.(memory|maxMemory)", "QEMU gets its memory when it starts; up to maxMemory it changes while it runs"),
    (r"resources\.(vcpu|maxVcpu)", "QEMU gets its CPUs when it starts; up to maxVcpu they change while it runs"),
    (r"resources\.cpu", "a guest keeps the CPU that it booted with"),
    (r"machine|virtualization|firmware", "it is what the guest's hardware is made of"),
    (r"boot\.", "it is read at a start"),
    (r"cloudInit", "the seed is read when the guest boots"),
    (r"console log|guestAgent", "the device is made at a start"),
    (r"display|sound|watchdog", "QEMU cannot change this device while it runs"),
    (r"disks\[[^]]*\]\.size", "the disk cannot grow while it runs"),
    (r"disks\[[^]]*\]$", "the guest boots from it, or QEMU cannot plug it in or out while it runs"),
    (r"disks\[", "QEMU opens a disk with it when it starts"),
    (r"nics\[[^]]*\]$", "a nic in user mode cannot be plugged in or out while it runs"),
    (r"nics\[", "the nic is made with it"),
    (r"mode$", "libvirt builds the network by it when it starts"),
    (r"bridge$", "guests stay plugged into the bridge that the network started with"),
    (r"forwardDevice$", "the rules that lead there are made when the network starts"),
    (r"mtu$", "the bridge gets it when it is made, at a start of the network"),
    (r"addresses", "the bridge gets its addresses, and guests their DHCP, when the network starts"),
    (r"dns\.", "the network's DNS server reads it when it starts, with the network"),
)
_LIVE = (
    (r"resources\.vcpu", "CPUs are plugged in and out while the guest runs"),
    (r"resources\.memory", "the guest gives and takes memory by its balloon"),
    (r"(disks|nics)\[[^]]*\]\.bootOrder", "the definition has it at once, and the next start reads it"),
    (r"(disks|nics)\[[^]]*\]$", "it is plugged in or out while the guest runs"),
    (r"disks\[[^]]*\]\.size", "the disk grows while the guest runs"),
    (r"disks\[[^]]*\]\.limits", "QEMU takes other limits while it runs"),
    (r"disks\[[^]]*\]\.image", "the drive gets another medium while the guest runs"),
    (r"nics\[[^]]*\]\.linkState", "the link is set while the guest runs"),
    (r"display\.vnc\.password", "the VNC server takes another password while it runs"),
    (r"runStrategy|power$", "the machine is started or stopped as it says"),
    (r"restartedAt", "it asks for one restart"),
    (r"poweredOffAt", "it cuts the power of a machine that is to be off"),
    (r"addresses\[[^]]*\]\.dhcp|dns\.hosts", "libvirt changes it while the network is up"),
    (r"probes", "the next probe follows it"),
    (r"hostSelector", "it stays on the host that has it"),
    (r"size$", "a Disk grows while a guest runs with it, too"),
    (r"reclaimPolicy$", "it counts when the disk is deleted"),
)
_FORBIDDEN = (
    (r"(template\.spec\.)?disks\[[^]]*\]\.size", "a disk cannot shrink: make another one, and copy what is to stay"),
    (
        r"size$",
        "a disk cannot shrink, and a vmdk not grow either: make another Disk, with this one as its source (source.diskRef)",
    ),
    (r"(source|format)$", "a Disk keeps what it was made from: make another one, with this one as its source (source.diskRef)"),
)
_REPLACES = (
    (r"template\.", "the machines that run cannot have it: a rollout puts others in their place"),
    (r"disks\[[^]]*\]\.image", "a disk keeps the image that it was built on: give it another name to start from another image"),
)
_TABLES = {
    Disruption.LIVE: (_LIVE, "nothing of the running guest changes"),
    Disruption.NEEDS_RESTART: (_RESTARTS, "only a start brings it to the guest"),
    Disruption.NEEDS_REPLACE: (_REPLACES, "only another machine can have it"),
    Disruption.FORBIDDEN: (_FORBIDDEN, "it cannot be changed"),
}


def reason_of(change: Change) -> str:
    """Says why a change is of its class."""
    if change.new == NO_PORT:
        return "all PCI ports of the running machine are taken; a start makes free ones"
    field = change.field.removeprefix("template.spec.") if change.disruption is Disruption.LIVE else change.field
    if HELD in change.new:
        return "the guest was asked to let go of it, and does not: a start takes it out"
    table, otherwise = _TABLES[change.disruption]
    return next((why for pattern, why in table if re.match(pattern, field)), otherwise)
