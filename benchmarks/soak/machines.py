"""The specs of the machines that are soaked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.soak.desired import PLUGIN, VM, VMD, Spec, Wish
from tests.rig.guest import CMDLINE, GuestImage

# Once per disk, kept on it, served: a guest that serves another token than before has another disk.
TOKEN = """#!/bin/sh
[ -e /mnt/data/token ] || cat /proc/sys/kernel/random/uuid > /mnt/data/token
cp /mnt/data/token /www/token
sync
"""
GRACE = 20  # seconds for a guest to shut down in
IDLE = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"""


def guest(image: GuestImage, **fields: Any) -> Spec:
    """Boots on real QEMU within seconds, keeps what it has on a disk, and is ready when it serves that."""
    return {
        "resources": {"memory": "128Mi"},
        "display": {"video": "none", "vnc": {"enabled": False}},
        "guestAgent": {"enabled": False},
        "boot": {
            "kernel": {"path": str(image.kernel)},
            "initramfs": {"path": str(image.initramfs)},
            "cmdline": f"{CMDLINE} homeostat.root=/dev/vda homeostat.data=/dev/vdb",
        },
        "disks": [{"name": "root", "image": {"path": str(image.base)}}, {"name": "data", "size": "16Mi"}],
        "nics": [{"name": "lan", "network": "default"}],
        "cloudInit": {"userData": TOKEN},
        "shutdown": {"gracePeriodSeconds": GRACE},
        "updatePolicy": "Immediate",
        "probes": {"readiness": {"httpGet": {"port": 80, "path": "/token"}, "periodSeconds": 1, "timeoutSeconds": 5}},
        **fields,
    }


def entry(**fields: Any) -> Spec:
    """One of libvirt's test driver, with a disk file that nobody writes to."""
    return {
        "resources": {"memory": "64Mi"},
        "guestAgent": {"enabled": False},
        "disks": [{"name": "data", "size": "1Mi"}],
        "nics": [{"name": "lan", "network": "default"}],
        "updatePolicy": "Immediate",
        **fields,
    }


def machine(name: str, spec: Spec, file: str = "") -> Wish:
    return Wish(VM, name, spec, file or f"{name}.yaml")


def deployment(name: str, replicas: int, spec: Spec) -> Wish:
    """Its machines have no disk of their own but the seed: they begin afresh."""
    spec = {field: value for field, value in spec.items() if field not in ("disks", "updatePolicy", "probes", "cloudInit")}
    if "boot" in spec:
        spec["boot"] = {**spec["boot"], "cmdline": CMDLINE}
        spec["probes"] = {"readiness": {"httpGet": {"port": 80}, "periodSeconds": 1, "timeoutSeconds": 5}}
    return Wish(VMD, name, {"replicas": replicas, "template": {"spec": spec}}, f"{name}.yaml")


def plugin(name: str, rootfs: Path) -> Wish:
    spec = {"version": "1", "resources": {"memory": "64Mi"}, "rootfs": {"path": str(rootfs)}}
    return Wish(PLUGIN, name, spec, f"{name}.yaml")
