"""The machines that are measured: written in one place, the same for all benchmarks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

PER_FOLDER = 1000  # files in one folder; people who have more sort them into several

# One connection's own in-memory host; test:///default is one for the whole program and has a domain already.
NODE = """<node><name>bench</name><cpu><mhz>2000</mhz><model>bench</model><active>64</active><nodes>1</nodes><sockets>1</sockets>
<cores>64</cores><threads>1</threads></cpu><memory>17179869184</memory>
<network><name>default</name><bridge name='virbr9'/><ip address='192.168.9.1' netmask='255.255.255.0'/></network></node>
"""

DOCUMENT = """# machine {number} of the fleet
apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata:
  name: {name}
  labels:
    app: fleet
    shard: "{shard}"
spec:
  runStrategy: {strategy}
  resources:
    vcpu: 2
    memory: {memory}
  nics:
    - name: lan
      network: default
"""

GUEST = """apiVersion: homeostat.dev/v1alpha1
kind: VirtualMachine
metadata:
  name: {name}
spec:
  resources:
    memory: 128Mi
  display:
    video: none
    vnc:
      enabled: false
  boot:
    kernel:
      path: {kernel}
    initramfs:
      path: {initramfs}
    cmdline: console=ttyS0 quiet no_timer_check homeostat.name={name}
  disks:
    - name: root
      size: 64Mi
  nics:
    - name: lan
      network: default
"""


def node(folder: Path) -> str:
    """Returns the URI of an in-memory host of libvirt's test driver."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "node.xml"
    path.write_text(NODE)
    return f"test://{path}"


def names(count: int) -> list[str]:
    return [f"m-{number:05d}" for number in range(count)]


def write_machines(folder: Path, count: int, strategy: str = "Always") -> None:
    """Writes one file per machine, ``PER_FOLDER`` in a folder."""
    for number, name in enumerate(names(count)):
        place = folder / f"shard-{number // PER_FOLDER}"
        if number % PER_FOLDER == 0:
            place.mkdir(parents=True, exist_ok=True)
        (place / f"{name}.yaml").write_text(document(number, name, strategy))


def document(number: int, name: str, strategy: str = "Always", memory: str = "512Mi") -> str:
    return DOCUMENT.format(number=number, name=name, shard=number % 10, strategy=strategy, memory=memory)


def path_of(folder: Path, number: int) -> Path:
    return folder / f"shard-{number // PER_FOLDER}" / f"m-{number:05d}.yaml"


def write_guests(folder: Path, machines: Iterable[str], kernel: Path, initramfs: Path) -> None:
    """Writes machines that boot the rig's small guest on real QEMU, with a disk and a nic each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in machines:
        (folder / f"{name}.yaml").write_text(GUEST.format(name=name, kernel=kernel, initramfs=initramfs))
