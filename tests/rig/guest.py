"""The small guest of examples/guest, and the plainest domain that boots it."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until

BUILD = Path(__file__).resolve().parents[2] / "examples" / "guest" / "build"
READY = "homeostat-guest ready"  # the last line of its boot, on the serial console
# The kernel's test of its cryptography takes an eighth of the boot. Its check of the timer ends in a panic ("IO-APIC + timer
# doesn't work!") where QEMU gets no processor for some 10 ms: under TCG on a crowded machine, once in dozens of boots.
# To move itself to a random address, and to patch itself for one processor and against attacks, takes another eighth.
CMDLINE = "console=ttyS0 quiet cryptomgr.notests no_timer_check nokaslr noreplace-smp mitigations=off"
BOOT_TIMEOUT = 60.0  # seconds from start to HTTP; 3 s on an idle machine under TCG, ten times that on a crowded one

DOMAIN_XML = """<domain type='{hypervisor}'>
  <name>{name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{image.kernel}</kernel><initrd>{image.initramfs}</initrd>
    <cmdline>{cmdline} homeostat.name={name}</cmdline></os>
  <features><acpi/></features>
  <devices>
    <interface type='network'><source network='default'/><model type='virtio'/></interface>
    <serial type='pty'><log file='{serial}' append='on'/></serial>
  </devices>
</domain>
"""


@dataclass(frozen=True, slots=True)
class GuestImage:
    """The files of a built guest; `base` is a qcow2 disk to lay overlays on (see examples/guest/README.md)."""

    directory: Path

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initramfs(self) -> Path:
        return self.directory / "initramfs.img"

    @property
    def takes_cpus(self) -> bool:
        """Tells whether its kernel takes CPUs while it runs. Under TCG, which it does not know, Linux takes none since 6.9."""
        header = self.kernel.read_bytes()[:0x10000]
        begins = int.from_bytes(header[0x20E:0x210], "little") + 0x200  # https://docs.kernel.org/arch/x86/boot.html
        major, minor = header[begins:].split(b".", 2)[:2]
        return (int(major), int(minor)) < (6, 9)

    @property
    def base(self) -> Path:
        return self.directory / "base.qcow2"


def build_guest_image(directory: Path) -> GuestImage:
    """Builds it (cached between runs), and copies it to a folder that libvirt-qemu reaches: a home folder is often closed."""
    built = subprocess.run([BUILD], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode != 0:
        raise RuntimeError("examples/guest/build failed: see its message above")
    target = directory / "guest"
    if not target.exists():
        shutil.copytree(built.stdout.strip(), target)
    return GuestImage(target)


def domain_xml(rig: Libvirtd, image: GuestImage, name: str, hypervisor: str = "qemu") -> str:
    """Returns a 128 MiB guest on the NAT network. Its serial console is logged to `storage/<name>.log`."""
    return DOMAIN_XML.format(name=name, image=image, cmdline=CMDLINE, hypervisor=hypervisor, serial=rig.storage / f"{name}.log")


def leased_address(rig: Libvirtd, name: str) -> str:
    """Returns the domain's first IPv4 address by its DHCP lease, '' while there is none."""
    words = rig.virsh("domifaddr", name, check=False).split()
    return words[3].partition("/")[0] if len(words) > 3 else ""


def fetch(address: str, path: str = "/", timeout: float = 2) -> str:
    """Fetches a page of the guest. Raises OSError while it does not answer."""
    with urllib.request.urlopen(f"http://{address}{path}", timeout=timeout) as answer:
        body: bytes = answer.read()
        return body.decode()


def wait_for_http(rig: Libvirtd, name: str, timeout: float = BOOT_TIMEOUT) -> str:
    """Waits for the lease and for the page, and returns the address."""
    address = wait_until(lambda: leased_address(rig, name), timeout, f"{name} has a DHCP lease")
    wait_until(lambda: fetch(address), timeout, f"{name} answers http://{address}/")
    return address


def facts(address: str) -> dict[str, Any]:
    """Returns what the guest sees of its machine now: hostname, vcpus, memoryKiB, firmware, uptime, disks, nics."""
    seen: dict[str, Any] = json.loads(fetch(address, "/cgi-bin/facts"))
    return seen
