"""User-mode nics with port forwards, which libvirt 9.0 knows only with passt: QEMU arguments in ``<qemu:commandline>``.

Each is a pair ``-netdev user,id=...`` and ``-device ...,netdev=...``. The id holds the nic's place among all nics and its name.
QEMU splits such a text at its commas, and reads two commas as one in a value: we write them so. libvirt's test driver drops QEMU
arguments, so there the same two strings are in our own metadata.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from homeostat.planner.domain import DomainConfig, DomainType, ForwardConfig, NicConfig

from .elements import Element, listing

PARENT = "domain"
QEMU_NAMESPACE = "http://libvirt.org/schemas/domain/qemu/1.0"
COMMANDLINE = f"{{{QEMU_NAMESPACE}}}commandline"
ARGUMENT = f"{{{QEMU_NAMESPACE}}}arg"
TEST_NAMESPACE = "https://homeostat.dev/forwards/1"

# libvirt does not know these cards and must not place another where they are. It fills slots from below (and puts
# a bridge in 0x1e), so we count down from here.
FIRST_SLOT = 0x18

_MODELS = {"virtio": "virtio-net-pci"}
_NAMES = {device: model for model, device in _MODELS.items()}
_ID = re.compile(r"^homeostat-(\d+)-(.*)$")
_HOST_FORWARD = re.compile(r"^(tcp|udp):(\[[^\]]*\]|[^:]*):(\d+)-:(\d+)$")


def words(config: DomainConfig) -> list[str]:
    """Returns the arguments of all such nics."""
    return [word for place, nic in enumerate(config.nics) if nic.forwards for word in _arguments(place, nic)]


def build_metadata(config: DomainConfig) -> Iterator[Element]:
    pairs = words(config)
    if pairs and config.type is DomainType.TEST:
        tag = f"{{{TEST_NAMESPACE}}}"
        yield listing(f"{tag}forwards", f"{tag}arg", "forwards", TEST_NAMESPACE, pairs)


def parse_nics(root: Element) -> list[tuple[int, NicConfig]]:
    """Returns the nics and their places, in order. Arguments that are not ours are ignored."""
    values = own_arguments(root)
    found: list[tuple[int, NicConfig]] = []
    for netdev, device in zip(values[::2], values[1::2], strict=False):
        options = _options(netdev)
        match = _ID.match(dict(options)["id"])
        if match is None:
            continue
        card = dict(_options(device))
        boot = card.get("bootindex")
        nic = NicConfig(
            name=match[2],
            kind="user",
            source="",
            mac=card.get("mac", "").lower(),
            model=_NAMES.get(driver := _options(device)[0][0], driver),
            forwards=tuple(f for key, value in options if key == "hostfwd" for f in _parse_forward(value)),
            boot_order=int(boot) if boot else None,
        )
        found.append((int(match[1]), nic))
    return sorted(found, key=lambda pair: pair[0])


def own_arguments(root: Element) -> list[str]:
    """Returns the values of our pairs (netdev, device, netdev, device ...), wherever they are."""
    commandline = root.find(COMMANDLINE)
    if commandline is not None:
        arguments = [argument.get("value", "") for argument in commandline.iterfind(ARGUMENT)]
    else:
        tag = f"{{{TEST_NAMESPACE}}}"
        arguments = [a.get("value", "") for a in root.iterfind(f"metadata/{tag}forwards/{tag}arg")]
    own: list[str] = []
    for place in range(len(arguments) - 3):
        flag, netdev, flag_device, device = arguments[place : place + 4]
        if flag == "-netdev" and flag_device == "-device" and is_own(netdev):
            own += [netdev, device]
    return own


def is_own(argument: str) -> bool:
    """Tells whether this is one of our ``-netdev`` or ``-device`` values."""
    options = dict(_options(argument))
    return bool(_ID.match(options.get("id", "")) or _ID.match(options.get("netdev", "")))


def _arguments(place: int, nic: NicConfig) -> list[str]:
    name = f"homeostat-{place}-{nic.name}"
    card = {"netdev": name, "mac": nic.mac, "addr": f"{FIRST_SLOT - place:#x}"}
    if nic.boot_order is not None:
        card["bootindex"] = str(nic.boot_order)
    netdev = _joined("user", [("id", name), *(("hostfwd", _format_forward(forward)) for forward in nic.forwards)])
    return ["-netdev", netdev, "-device", _joined(_MODELS.get(nic.model, nic.model), card.items())]


def _joined(first: str, options: Iterable[tuple[str, str]]) -> str:
    values = (first, *(f"{name}={value}" for name, value in options))
    return ",".join(value.replace(",", ",,") for value in values)


def _options(argument: str) -> list[tuple[str, str]]:
    """Splits a text as QEMU does: names and values, in order; the first has no value."""
    parts = re.findall(r"((?:[^,]|,,)*)(?:,|$)", argument, re.DOTALL)
    pairs = (part.replace(",,", ",").partition("=") for part in parts)
    return [(name, value) for name, _, value in pairs]


def _format_forward(forward: ForwardConfig) -> str:
    host = f"[{forward.host_address}]" if ":" in forward.host_address else forward.host_address
    return f"{forward.protocol}:{host}:{forward.host_port}-:{forward.guest_port}"


def _parse_forward(value: str) -> Iterator[ForwardConfig]:
    if match := _HOST_FORWARD.match(value):
        protocol, host, host_port, guest_port = match.groups()
        yield ForwardConfig(host.strip("[]"), int(host_port), int(guest_port), protocol)
