"""What cannot be is refused when it is read, at its field and with what to do about it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.unit.machines import IMAGE, machine

LAN = {"name": "lan", "network": "default"}


def forward(port: int, **rest: Any) -> dict[str, Any]:
    return {"hostPort": port, "guestPort": 80, **rest}


def user(name: str, *forwards: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "user": {"forwards": list(forwards)}}


def disk(**rest: Any) -> dict[str, Any]:
    return {"disks": [{"name": "root", **rest}]}


def nic(**rest: Any) -> dict[str, Any]:
    return {"nics": [{"name": "lan", **rest}]}


def passed(**rest: Any) -> dict[str, Any]:
    return {"hostDevices": [{"name": "gpu", **rest}]}


@pytest.mark.parametrize(
    ("spec", "place", "words"),
    [
        ({"resources": {"memory": "512MB"}}, "resources.memory", "did you mean 512M?"),
        ({"resources": {"memory": "-1Gi"}}, "resources.memory", "must not be negative"),
        ({"resources": {"memory": 512}}, "resources.memory", "at least 16Mi; did you mean 512Mi?"),
        ({"resources": {"memory": 0}}, "resources.memory", "at least 16Mi"),
        ({"resources": {"vcpu": 0}}, "resources.vcpu", "greater than or equal to 1"),
        ({"resources": {"vcpu": 513}}, "resources.vcpu", "less than or equal to 512"),
        ({"resources": {"vcpu": "2"}}, "resources.vcpu", "valid integer"),
        ({"resources": {"vcpu": True}}, "resources.vcpu", "valid integer"),
        ({"resources": {"cpu": {"model": "<x/>"}}}, "resources.cpu.model", "match pattern"),
        (
            {"resources": {"cpu": {"topology": {"cores": 2, "threads": 2}}}},
            "resources",
            "cpu.topology makes 4 CPUs (sockets x cores x threads: 1 x 2 x 2), and vcpu is 1: let the three make 1",
        ),
        ({"resources": {"vcpu": 2, "cpu": {"topology": {"cores": 0}}}}, "resources.cpu.topology.cores", "greater than or equal"),
        ({"scsi": {"model": "lsilogic", "ioThread": True}}, "scsi", "ioThread and queues need model: virtio-scsi"),
        ({"scsi": {"model": "lsilogic", "queues": 2}}, "scsi", "ioThread and queues need model: virtio-scsi"),
        ({"scsi": {"queues": 0}}, "scsi.queues", "greater than or equal"),
        (disk(size="1Gi", bus="scsi", ioThread=True), "disks.0", "for those on bus: scsi set spec.scsi.ioThread"),
        (disk(type="cdrom", ioThread=True), "disks.0", "ioThread needs a disk on bus: virtio"),
        ({"tpm": {"version": "1.2", "model": "crb"}}, "tpm", 'model: crb needs version: "2.0"'),
        ({"tpm": {"version": 2.0}}, "tpm.version", "'2.0' or '1.2'"),
        ({"rng": {"enabled": False, "bytesPerSecond": "1Ki"}}, "rng", "bytesPerSecond needs enabled: true"),
        ({"rng": {"bytesPerSecond": 0}}, "rng.bytesPerSecond", "must be from 1 to 2147483647 bytes"),
        ({"rng": {"bytesPerSecond": "2Gi"}}, "rng.bytesPerSecond", "must be from 1 to 2147483647 bytes"),
        ({"smbios": {"serial": ""}}, "smbios.serial", "at least 1 character"),
        ({"smbios": {"serial": "a\nb"}}, "smbios.serial", "match pattern"),
        ({"smbios": {"serial": " a"}}, "smbios.serial", "must not begin or end with white space"),
        (nic(tap={"name": "tap0"}, network="default"), "nics.0", "exactly one of network, networkRef, bridge, tap and user"),
        (nic(), "nics.0", "exactly one of network, networkRef, bridge, tap and user"),
        (nic(tap={"name": "vnet0"}), "nics.0.tap.name", "a name that libvirt gives by itself"),
        (nic(tap={"name": "a/b"}), "nics.0.tap.name", "match pattern"),
        (nic(network="n", model="e1000", queues=2), "nics.0", "queues needs model: virtio"),
        (nic(network="n", model="e1000", vhost=False), "nics.0", "vhost needs model: virtio"),
        (nic(user={}, mtu=1400), "nics.0", "mtu needs a network, bridge or tap"),
        (nic(user={}, queues=2), "nics.0", "queues needs a network, bridge or tap"),
        (nic(user={}, vhost=True), "nics.0", "vhost needs a network, bridge or tap"),
        (nic(network="n", mtu=67), "nics.0.mtu", "greater than or equal to 68"),
        ({"smbios": {"uuid": "x"}}, "smbios.uuid", "must be a uuid, such as"),
        ({"smbios": {"uuid": "00000000-0000-0000-0000-000000000000"}}, "smbios.uuid", "must not be all zeros"),
        ({"qemuArguments": ["-device usb-kbd", "-daemonize"]}, "qemuArguments", "takes QEMU out of libvirt's hands"),
        ({"qemuArguments": [""]}, "qemuArguments.0", "at least 1 character"),
        ({"qemuArguments": "-no-hpet"}, "qemuArguments", "valid tuple"),
        ({"vsock": {"cid": 2}}, "vsock.cid", "greater than or equal to 3"),
        (
            {"machine": {"type": "pc"}, "sharedMemory": [{"name": "agent", "size": "4Mi"}]},
            "",
            "sharedMemory needs machine.type: q35 (it is pc)",
        ),
        ({"sharedMemory": [{"name": "a", "size": "3Mi"}]}, "sharedMemory.0.size", "must be a power of two from 1Mi to 16Gi"),
        ({"sharedMemory": [{"name": "a", "size": "4Mi"}] * 2}, "", "sharedMemory: the name 'a' is used twice"),
        ({"filesystems": [{"name": "a", "path": "srv"}]}, "filesystems.0.path", "match pattern"),
        ({"filesystems": [{"name": "a", "path": "/srv"}] * 2}, "", "filesystems: the name 'a' is used twice"),
        (passed(), "hostDevices.0", "give exactly one of pci, usb and mdev"),
        (passed(pci={}), "hostDevices.0.pci", "give address, or vendor and device together"),
        (passed(pci={"vendor": "8086"}), "hostDevices.0.pci", "give address, or vendor and device together"),
        (
            passed(pci={"address": "0000:03:00.0", "vendor": "8086", "device": "10fb"}),
            "hostDevices.0.pci",
            "give address, or vendor and device together",
        ),
        (passed(pci={"address": "03:00.0"}), "hostDevices.0.pci.address", "match pattern"),
        (passed(usb={"bus": 1}), "hostDevices.0.usb", "give bus and device, or vendor and product together"),
        (passed(usb={"bus": 1, "product": "c31c"}), "hostDevices.0.usb", "give bus and device, or vendor and product together"),
        (
            passed(usb={"bus": 1, "device": 4, "vendor": "046d", "product": "c31c"}),
            "hostDevices.0.usb",
            "give bus and device, or vendor and product together",
        ),
        (passed(mdev={}), "hostDevices.0.mdev", "give exactly one of uuid and profile"),
        (passed(mdev={"uuid": "x"}), "hostDevices.0.mdev.uuid", "match pattern"),
        (
            passed(mdev={"uuid": "11111111-2222-4333-8444-555555555555", "display": True}),
            "",
            "hostDevices[gpu].mdev.display needs display.video: none and a VNC server",
        ),
        (
            {"hostDevices": [{"name": name, "usb": {"bus": 1, "device": 4}} for name in "ab"]},
            "",
            "hostDevices: the usb device 1.4 is asked for twice",
        ),
        ({"sound": {"model": "gus"}}, "sound.model", "'hda', 'ac97' or 'sb16'"),
        ({"watchdog": {"action": "Pause"}}, "watchdog.action", "'Reset', 'Shutdown' or 'PowerOff'"),
        ({"display": {"videoMemory": "16Mi"}}, "display", "videoMemory needs video: vga, qxl or cirrus"),
        ({"display": {"video": "vga", "videoMemory": "17Mi"}}, "display.videoMemory", "must be a power of two from 1Mi to 256Mi"),
        (
            {"display": {"video": "vga", "videoMemory": "512Mi"}},
            "display.videoMemory",
            "must be a power of two from 1Mi to 256Mi",
        ),
        ({"memory": "1Gi"}, "memory", "Extra inputs are not permitted"),
        ({"runStrategy": "Sometimes"}, "runStrategy", "'Always', 'RerunOnFailure', 'Manual', 'Halted' or 'Once'"),
        ({"power": "Running"}, "", "power needs runStrategy: Manual (it is Always)"),
        ({"shutdown": {"gracePeriodSeconds": -1}}, "shutdown.gracePeriodSeconds", "greater than or equal to 0"),
        ({"firmware": {"secureBoot": True}}, "firmware", "secureBoot needs type: UEFI"),
        (
            {"firmware": {"type": "UEFI", "secureBoot": True}, "machine": {"type": "pc"}},
            "",
            "firmware.secureBoot needs machine.type: q35",
        ),
        ({"machine": {"version": "latest"}}, "machine.version", "match pattern"),
        ({"boot": {"cmdline": "quiet"}}, "boot", "initramfs and cmdline need a kernel"),
        ({"boot": {"order": ["root"]}}, "", "boot.order: there is no disk or nic named 'root'"),
        (
            {"boot": {"order": ["lan", "rooot"]}, "nics": [LAN], "disks": [{"name": "root", "size": "1Gi"}]},
            "",
            "boot.order: there is no disk or nic named 'rooot'; did you mean root?",
        ),
        ({"boot": {"order": ["hda"]}, "nics": [LAN]}, "", "named 'hda'; there are: lan"),
        ({"boot": {"order": ["lan", "lan"]}, "nics": [LAN]}, "", "boot.order: 'lan' is listed twice"),
        (
            {"boot": {"order": ["lan"]}, "nics": [LAN], "disks": [{"name": "lan", "size": "1Gi"}]},
            "",
            "boot.order: 'lan' is the name of a disk and of a nic: rename one of them",
        ),
        (disk(), "disks.0", "a disk needs an image, a size, or both"),
        (disk(size=0), "disks.0.size", "must be larger than 0"),
        (disk(size="1Gi", rotationRate=1), "disks.0", "rotationRate needs a disk on bus: sata, bus: scsi or bus: ide"),
        (disk(type="cdrom", bus="sata", rotationRate=1), "disks.0", "rotationRate needs a disk"),
        (disk(size="1Gi", bus="sata", rotationRate=1024), "disks.0", "rotationRate is 1 (an SSD) or from 1025"),
        (disk(size="1Gi", bus="sata", rotationRate=65535), "disks.0.rotationRate", "less than or equal to 65534"),
        (disk(type="cdrom", discard="ignore"), "disks.0", "a cdrom has nothing to discard"),
        (disk(size="1Gi", limits={}), "disks.0.limits", "give bytesPerSecond, iops, or both"),
        (disk(size="1Gi", limits={"iopsBurst": 5}), "disks.0.limits", "iopsBurst needs iops"),
        (disk(size="1Gi", limits={"iops": 9, "iopsBurst": 5}), "disks.0.limits", "iopsBurst must not be less than iops"),
        (
            disk(size="1Gi", limits={"bytesPerSecond": "9Mi", "bytesPerSecondBurst": "9000"}),
            "disks.0.limits",
            "bytesPerSecondBurst must not be less than bytesPerSecond",
        ),
        (disk(size="1Gi", limits={"iops": 0}), "disks.0.limits.iops", "greater than or equal to 1"),
        (disk(size="1Gi", limits={"bytesPerSecond": 0}), "disks.0.limits.bytesPerSecond", "must be from 1"),
        (disk(size="1Gi", limits={"bytesPerSecond": "1E"}), "disks.0.limits.bytesPerSecond", "must be from 1"),
        (disk(size="1Gi", io="native"), "disks.0", "io: native needs cache: none or cache: directsync"),
        (disk(type="cdrom", size="1Gi"), "disks.0", "a cdrom has no size of its own: remove size"),
        (disk(type="cdrom", bus="virtio"), "disks.0", "a cdrom cannot be on bus virtio: use sata, scsi, ide or usb"),
        (disk(image={}), "disks.0.image", "give exactly one of url, path and imageRef"),
        (disk(image={**IMAGE, "path": "/x"}), "disks.0.image", "give exactly one of url, path and imageRef"),
        (disk(image={"path": ""}), "disks.0.image.path", "at least 1 character"),
        (disk(image={"url": "ftp://example.org/x"}), "disks.0.image.url", "must be an http://, https:// or file:/// address"),
        (disk(image={"url": "https://"}), "disks.0.image.url", "names no server that can be asked"),
        (disk(image={"url": "file://etc/passwd"}), "disks.0.image.url", "must be an http://"),
        (disk(image={**IMAGE, "sha256": "abc"}), "disks.0.image.sha256", "64 digits 0-9a-f"),
        (disk(size="1Gi", serial="a b"), "disks.0.serial", "match pattern"),
        ({"disks": [{"name": "a", "size": "1Gi"}] * 2}, "", "disks: the name 'a' is used twice"),
        ({"disks": [{"name": "cloud-init", "size": "1Gi"}]}, "", "is kept for the seed that cloudInit makes"),
        ({"nics": [LAN, LAN]}, "", "nics: the name 'lan' is used twice"),
        ({"nics": [{"name": "x"}]}, "nics.0", "give exactly one of network, networkRef, bridge, tap and user"),
        ({"nics": [{**LAN, "bridge": "br0"}]}, "nics.0", "give exactly one of network, networkRef, bridge, tap and user"),
        ({"nics": [{**LAN, "mac": "01:00:5e:00:00:01"}]}, "nics.0.mac", "is a multicast address"),
        ({"nics": [{**LAN, "mac": "52-54-00-12-34-56"}]}, "nics.0.mac", "such as 52:54:00:12:34:56"),
        (
            {"nics": [{**LAN, "mac": "52:54:00:12:34:56"}, {"name": "b", "bridge": "br0", "mac": "52:54:00:12:34:56"}]},
            "",
            "nics: the mac 52:54:00:12:34:56 is used twice",
        ),
        ({"nics": [user("u", forward(0))]}, "nics.0.user.forwards.0.hostPort", "greater than or equal to 1"),
        ({"nics": [user("u", forward(65536))]}, "nics.0.user.forwards.0.hostPort", "less than or equal to 65535"),
        (
            {"nics": [user("u", forward(80, hostAddress="here"))]},
            "nics.0.user.forwards.0.hostAddress",
            "an IPv4 address, such as",
        ),
        (
            {"nics": [user("a", forward(8080)), user("b", forward(8080))]},
            "",
            "nics[b]: host port 8080/TCP on 127.0.0.1 is taken by nics[a]: host port 8080/TCP on 127.0.0.1",
        ),
        (
            {"display": {"vnc": {"listen": "0.0.0.0"}}},
            "display.vnc",
            "listen: 0.0.0.0 can be reached from outside and needs a passwordFile",
        ),
        ({"display": {"vnc": {"listen": "none", "port": 5901}}}, "display.vnc", "leaves nothing that port is for"),
        (
            {"display": {"vnc": {"listen": "none", "passwordFile": "/p"}}},
            "display.vnc",
            "leaves nothing that passwordFile is for",
        ),
        (
            {"display": {"vnc": {"listen": "nowhere"}}},
            "display.vnc.listen",
            "an IPv4 or IPv6 address, such as 127.0.0.1, or none",
        ),
        ({"display": {"vnc": {"listen": "fe80::1%eth0"}}}, "display.vnc.listen", "without a zone"),
        ({"display": {"vnc": {"port": 80}}}, "display.vnc.port", "greater than or equal to 5900"),
    ],
)
def test_it_is_refused_at_its_field_with_what_to_do(spec: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        machine(**spec)
    (error,) = caught.value.errors()
    assert ".".join(map(str, error["loc"])) == f"spec.{place}".rstrip(".")
    assert words in error["msg"]
