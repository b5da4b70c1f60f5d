"""Arguments for QEMU that a spec gives word by word: which are taken, and why others are not.

Whoever may use them may do much of what QEMU's user may, so that an operator takes them only where its options say so. What would
take a machine out of libvirt's hands, open files of the host, or say what a field of the spec says is refused all the same.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator

WORDS_MAX = 200
WITH_VALUE = frozenset(
    {
        *("audiodev", "boot", "chardev", "compat", "device", "fw_cfg", "global", "icount", "k", "netdev", "numa", "object"),
        *("overcommit", "rtc", "seed", "smbios", "usbdevice"),
    }
)
FLAGS = frozenset({"no-acpi", "no-fd-bootchk", "no-hpet", "singlestep", "usb", "win2k-hack"})

_SUPERVISED = "takes QEMU out of libvirt's hands, which starts, watches and ends it"
_CONFINED = "changes what confines QEMU, or runs other code in it"
_DISK = "opens a file as a disk: name it in spec.disks, where no two machines have it"
_SHARE = "shares a folder of the host: name it in spec.filesystems"
_HOST = "opens files or ports of the host"
_FIELDS = {
    "spec.machine": ("machine", "M"),
    "spec.resources": ("cpu", "smp", "m", "mem-path", "mem-prealloc"),
    "spec.virtualization": ("accel", "enable-kvm", "no-kvm"),
    "spec.boot": ("kernel", "initrd", "append", "dtb"),
    "spec.firmware": ("bios",),
    "spec.smbios.uuid": ("uuid",),
    "spec.display": ("display", "vga", "vnc", "spice", "nographic", "curses", "full-screen", "portrait", "rotate", "g"),
    "spec.nics": ("net", "nic"),
    "spec.sound": ("audio", "soundhw"),
    "spec.tpm": ("tpmdev",),
    "spec.watchdog": ("watchdog", "watchdog-action"),
}
REFUSED: dict[str, str] = {
    **dict.fromkeys(
        (
            *("S", "action", "add-fd", "daemonize", "h", "help", "incoming", "loadvm", "mon", "monitor", "msg", "name"),
            *("no-reboot", "no-shutdown", "no-user-config", "nodefaults", "only-migratable", "pidfile", "preconfig", "qmp"),
            *("qmp-pretty", "readconfig", "set", "version", "writeconfig"),
        ),
        _SUPERVISED,
    ),
    **dict.fromkeys(("L", "async-teardown", "chroot", "plugin", "run-with", "runas", "sandbox", "user"), _CONFINED),
    **dict.fromkeys(
        (
            *("blockdev", "cdrom", "drive", "fda", "fdb", "hda", "hdb", "hdc", "hdd", "iscsi", "mtdblock", "pflash", "sd"),
            "snapshot",
        ),
        _DISK,
    ),
    **dict.fromkeys(("fsdev", "virtfs"), _SHARE),
    **dict.fromkeys(
        (
            *("D", "acpitable", "d", "debugcon", "dump-vmstate", "gdb", "option-rom", "parallel", "s", "serial", "trace"),
            "shim",
        ),
        _HOST,
    ),
    **{option: f"is what {field} says" for field, options in _FIELDS.items() for option in options},
}
_HOST_KEYS = frozenset(
    {
        *("cancel-path", "dir", "downscript", "evdev", "fd", "fds", "file", "filename", "guestfwd", "helper"),
        *("hostfwd", "logfile", "mem-path", "opaque", "path", "romfile", "rrfile", "script", "smb", "sock", "sock_fd", "socket"),
        *("str", "sysfsdev", "tftp", "vhostdev", "vhostfd", "vhostfds"),
    }
)
_BACKENDS = frozenset({"msmouse", "null", "ringbuf", "socket", "udp", "vc"})  # of -chardev
_NETWORKS = frozenset({"dgram", "hubport", "socket", "stream", "user"})  # of -netdev
_HOST_DEVICES = ("vfio", "usb-host", "vhost", "scsi-block", "scsi-generic")


def words_of(lines: Iterable[str]) -> tuple[str, ...]:
    """Splits each line at its spaces, where it has no quotes. Nothing is expanded, and no shell sees it.

    Raises:
        ValueError: a quote is not closed.
    """
    found: list[str] = []
    for line in lines:
        try:
            found += shlex.split(line)
        except ValueError:
            raise ValueError(f"{line[:60]!r}: a quote is not closed") from None
    return tuple(found)


def check_words(words: tuple[str, ...]) -> None:
    """Checks all words.

    Raises:
        ValueError: names the first that is not taken, and says why.
    """
    if len(words) > WORDS_MAX:
        raise ValueError(f"are {len(words)} words: at most {WORDS_MAX}")
    waiting = iter(words)
    for word in waiting:
        option = re.sub(r"^--?", "", word)
        if option == word:
            raise ValueError(f"{word[:60]!r} belongs to no option before it: QEMU would take it for the file of a disk")
        if option in FLAGS:
            continue
        if option not in WITH_VALUE:
            raise ValueError(f"{word[:60]} {REFUSED.get(option, 'is no option that is taken here')}")
        value = next(waiting, None)
        if value is None:
            raise ValueError(f"{word} needs a value after it")
        if wrong := next(_wrong(option, value), None):
            raise ValueError(f"{word} {value[:120]}: {wrong}")


def _wrong(option: str, value: str) -> Iterator[str]:
    """Yields what is wrong with the value of an option that is taken."""
    if value.startswith(("{", "-")):
        yield "write it as QEMU's name=value, with commas between" if value.startswith("{") else "is no value, but an option"
    pairs = [part.replace(",,", ",").partition("=") for part in re.findall(r"(?:[^,]|,,)+", value)]
    keys = {key.rpartition(".")[2]: text for key, equals, text in pairs if equals}
    first = pairs[0][2] if pairs and pairs[0][0] in ("driver", "backend", "type", "qom-type") else pairs[0][0] if pairs else ""
    for key in keys:
        if key in _HOST_KEYS:
            yield f"{key} {_HOST}"
    if option == "device" and first.startswith(_HOST_DEVICES):
        yield "it is a device of the host: name it in spec.hostDevices"
    if option == "smbios" and first in ("0", "1"):
        yield "it is what spec.smbios says; other types are taken"
    if option == "chardev" and first not in _BACKENDS:
        yield f"of its kinds {', '.join(sorted(_BACKENDS))} are taken"
    if option == "chardev" and keys.get("id", "").startswith(("char", "chr", "mon")):
        yield "an id that begins with char, chr or mon may be one of libvirt's: choose another"
    if option == "netdev" and first not in _NETWORKS:
        yield f"of its kinds {', '.join(sorted(_NETWORKS))} are taken: others belong in spec.nics"
