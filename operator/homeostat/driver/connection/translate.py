"""libvirt's errors in our words, in one place: what happened, and what to do next.

libvirt's codes are coarse (most of QEMU's errors are VIR_ERR_INTERNAL_ERROR), so its text decides where the code does not. The
texts are libvirt's and QEMU's own, in the C locale. When a text changes, the advice is lost, but never the error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import libvirt

from ..errors import (
    DomainGone,
    DriverError,
    HostUnreachable,
    NameTaken,
    NetworkMissing,
    NoMemory,
    NoSpace,
    PermissionDenied,
    Refused,
    ResourceInUse,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; the first that fits decides. ``advice`` is what to do next; {0}, {1} ... are the pattern's groups."""

    kind: type[DriverError]
    advice: str = ""
    codes: frozenset[int] = field(default_factory=frozenset)
    pattern: str = ""

    def advise(self, code: int, text: str) -> str | None:
        """Returns the advice; None when the rule does not fit."""
        if self.codes and code not in self.codes:
            return None
        if not self.pattern:
            return self.advice
        match = re.search(self.pattern, text, re.IGNORECASE | re.DOTALL)
        return None if match is None else self.advice.format(*match.groups())


_CONNECTING = (
    Rule(
        PermissionDenied,
        "here, cacert.pem must hold the CA that signed the host's certificate, and clientcert.pem be signed by the host's CA;"
        " its certificate must name the host as the address does (https://libvirt.org/kbase/tlscerts.html)",
        pattern=r"verify peer's certificate|server verification|(?:ca|client) certificate|tls handshake",
    ),
    Rule(
        PermissionDenied,
        "add your user to the group libvirt (usermod -aG libvirt NAME) and log in again, or use qemu:///session",
        pattern=r"(?:permission denied|polkit|authentication (?:failed|unavailable)|access denied)",
    ),
    Rule(
        HostUnreachable,
        "libvirtd does not run there: start it (systemctl start libvirtd; without systemd: virtlogd -d; libvirtd -d)",
        pattern=r"(?:failed to connect socket to '[^']*'|unable to connect to server).*?(?:no such file|refused)",
    ),
    Rule(
        HostUnreachable,
        "libvirtd ended just now, or ended the connection: the operator tries again by itself, a command does not; if that stays"
        " so, start it (systemctl start libvirtd; without systemd: virtlogd -d; libvirtd -d)",
        pattern=r"connection reset by peer|broken pipe|end of file while reading",
    ),
    Rule(
        HostUnreachable,
        "install the libvirt driver for this address (Debian: libvirt-daemon-system), or correct the address",
        pattern=r"no connection driver available",
    ),
    Rule(HostUnreachable),
)

_WORKING = (
    Rule(DomainGone, codes=frozenset({libvirt.VIR_ERR_NO_DOMAIN})),
    Rule(
        DriverError,
        "its QEMU ended meanwhile: the operator tries again by itself, a command does not; if that stays so, the console"
        " (`homeostat logs`) or libvirt's log of the machine (/var/log/libvirt/qemu) may say why",
        pattern=r"unable to (?:read from|write to) monitor|end of file from qemu monitor",
    ),
    Rule(
        NameTaken,
        "another domain holds this name or uuid: rename the machine, or remove the other domain (virsh undefine)",
        pattern=r"(?:is already defined with uuid|already exists with uuid)",
    ),
    Rule(
        ResourceInUse,
        "host port {0} is taken, or QEMU may not listen on it: not all may below 1024"
        " (sysctl net.ipv4.ip_unprivileged_port_start); choose another hostPort",
        pattern=r"could not set up host forwarding rule '[^':]*:[^']*:(\d{1,3}|10[01]\d|102[0-3])-",
    ),
    Rule(
        ResourceInUse,
        "host port {0} is taken: choose another hostPort, or stop what listens there (ss -ltnp)",
        pattern=r"could not set up host forwarding rule '[^':]*:[^']*:(\d+)-",
    ),
    Rule(
        ResourceInUse,
        "another process has the file open for writing, or makes a copy of it (`homeostat disk export`, a download, a backup): it"
        " goes on by itself once that has ended. Stop another program; give another machine a disk of its own",
        pattern=r"failed to get \"?(?:write|shared \"write\")\"? lock|is another process using the image",
    ),
    Rule(
        ResourceInUse,
        "a block job of somebody else works on that disk, such as a copy or a backup: it goes on by itself once that has ended"
        " (virsh domblklist MACHINE; virsh blockjob MACHINE TARGET shows it, and --abort ends it)",
        pattern=r"'block_resize': device '[^']*' is in use|active block job|in use by block job",
    ),
    Rule(
        ResourceInUse,
        "another guest has it, or it is a copy that was made while one had it, with another owner since: then take libvirt's note"
        " off each such file (setfattr -x trusted.libvirt.security.ref_dac {0})",
        pattern=r"setting different dac user or group on (\S+) which is already in use",
    ),
    Rule(
        ResourceInUse,
        "the address or port is taken: choose another, or stop what listens there (ss -ltnp)",
        pattern=r"address already in use|unable to find an unused port",
    ),
    Rule(
        DriverError,
        "virtlogd, which keeps the console's log, does not run: start it (systemctl start virtlogd; without: virtlogd -d)",
        pattern=r"virtlogd-sock",
    ),
    Rule(
        Refused,
        "load its module on the host (modprobe vhost_net), or take nics[].vhost away",
        pattern=r"vhost-net was requested for an interface, but is unavailable",
    ),
    Rule(
        NetworkMissing,
        "an existing tap has as many queues as it was made for: for nics[].queues make it with multi_queue"
        " (ip tuntap add dev {0} mode tap multi_queue), else without",
        pattern=r"unable to create tap device (\S+): invalid argument",
    ),
    Rule(
        NetworkMissing,
        "make the tap on the host (ip tuntap add dev NAME mode tap), or leave nics[].tap.existing out: then libvirt makes it",
        pattern=r"target managed='no' but specified dev doesn't exist",
    ),
    Rule(
        NetworkMissing,
        "the bridge {0} does not exist on the host: create it (ip link add {0} type bridge), or correct nics[].bridge;"
        " where a libvirt network made it, start that again (virsh net-destroy, virsh net-start)",
        pattern=r"cannot get interface mtu on '([^']+)': no such device",
    ),
    Rule(
        NetworkMissing,
        "start it: virsh net-start {0}; and for good: virsh net-autostart {0}",
        pattern=r"network '([^']+)' is not active",
    ),
    Rule(
        ResourceInUse,
        "another network of the host, or a device such as {0}, has these addresses: choose others in spec.addresses",
        pattern=r"network is already in use by interface (\S+)",
    ),
    Rule(
        ResourceInUse,
        "another network has the bridge {0}: name another in spec.bridge",
        pattern=r"bridge name '([^']+)' already in use",
    ),
    Rule(
        DriverError,
        "dnsmasq serves the network's DHCP and DNS: install it on the host (Debian: dnsmasq-base), and see that nothing else"
        " listens on port 53 of all addresses (ss -lnup)",
        pattern=r"dnsmasq",
    ),
    Rule(
        NetworkMissing,
        "define the network on the host (virsh net-define), or correct nics[].network",
        codes=frozenset({libvirt.VIR_ERR_NO_NETWORK}),
    ),
    Rule(NoSpace, "free some space on the host (df -h)", pattern=r"no space left on device|disk quota exceeded"),
    Rule(
        NoMemory,
        "give the machine less resources.memory, or stop others on this host",
        pattern=r"cannot (?:allocate|set up guest) memory|out of memory|unable to allocate",
    ),
    Rule(
        Refused,
        "all PCI ports of the running machine are taken: `homeostat restart` brings the device, which its definition has already",
        pattern=r"no more available pci slots|no available pci",
    ),
    Rule(
        Refused,
        "KVM cannot be used here (homeostat doctor says why): set virtualization: TCG",
        pattern=r"could not access kvm kernel module|failed to initialize kvm|does not support virt type 'kvm'",
    ),
    Rule(
        Refused,
        "install the firmware on the host (Debian: ovmf), or set firmware.type: BIOS",
        pattern=r"unable to find any firmware to satisfy",
    ),
    Rule(
        Refused,
        "it shares folders with machines: install it on the host (Debian 13: virtiofsd; Debian 12: qemu-system-common)",
        pattern=r"unable to find a satisfying virtiofsd",
    ),
    Rule(
        Refused,
        "the file must exist, and the user that runs QEMU (libvirt-qemu) must be able to reach it (`homeostat doctor` names a "
        "folder that bars it)",
        pattern=r"cannot access storage file|could not open '[^']+': (?:permission denied|no such file)",
    ),
    Rule(
        Refused,
        codes=frozenset(
            {
                libvirt.VIR_ERR_CONFIG_UNSUPPORTED,
                libvirt.VIR_ERR_XML_ERROR,
                libvirt.VIR_ERR_XML_DETAIL,
                libvirt.VIR_ERR_XML_INVALID_SCHEMA,
                libvirt.VIR_ERR_NO_SUPPORT,
                libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
                libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
                libvirt.VIR_ERR_INVALID_ARG,
                libvirt.VIR_ERR_OS_TYPE,
                libvirt.VIR_ERR_CPU_INCOMPATIBLE,
                libvirt.VIR_ERR_OPERATION_DENIED,
                libvirt.VIR_ERR_ACCESS_DENIED,
            }
        ),
    ),
    Rule(DriverError),
)

_LOST_CODES = frozenset({libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_INVALID_CONN, libvirt.VIR_ERR_NO_CONNECT})
_LOST = re.compile(
    r"client socket is closed|end of file while reading|broken pipe|connection reset|keepalive|not connected|"
    r"server.* closed connection|internal error: connection closed",
    re.IGNORECASE,
)


# "QEMU guest agent is not connected" is about a guest; the connection is fine.
_AGENT_CODES = frozenset({libvirt.VIR_ERR_AGENT_UNRESPONSIVE, libvirt.VIR_ERR_AGENT_UNSYNCED})


def is_lost(error: libvirt.libvirtError) -> bool:
    """Tells whether the connection is gone, whatever was being done. Of its own to a QEMU libvirt speaks in the same words."""
    if error.get_error_code() in _AGENT_CODES or error.get_error_domain() == libvirt.VIR_FROM_QEMU:
        return False
    return error.get_error_code() in _LOST_CODES or bool(_LOST.search(str(error)))


def translate(error: libvirt.libvirtError, doing: str = "") -> DriverError:
    """Turns libvirt's error into ours. ``doing`` says what was tried, such as "start machine web"."""
    if is_lost(error):
        return HostUnreachable(_sentence(doing, "the connection to libvirt was lost; it is opened again by itself", ""))
    return _apply(_WORKING, error, doing)


def translate_connect(error: libvirt.libvirtError, uri: str) -> HostUnreachable:
    found = _apply(_CONNECTING, error, f"connect to {uri}")
    return found if isinstance(found, HostUnreachable) else HostUnreachable(str(found))


def _apply(rules: tuple[Rule, ...], error: libvirt.libvirtError, doing: str) -> DriverError:
    code, text = error.get_error_code() or 0, str(error)
    for rule in rules:
        advice = rule.advise(code, text)
        if advice is not None:
            return rule.kind(_sentence(doing, _plain(text), advice))
    raise AssertionError("the last rule fits everything")


def _plain(text: str) -> str:
    """Returns libvirt's text on one line, without the prefixes and QEMU's timestamps."""
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?\s*(?:qemu-system-\S+:\s*)?", "", text)
    text = re.sub(r"^(?:internal error|operation failed|unsupported configuration|XML error):\s*", "", text.strip())
    return re.sub(r"\s*\n\s*", "; ", text)


def _sentence(doing: str, what: str, advice: str) -> str:
    return (f"cannot {doing}: " if doing else "") + what + (f" - {advice}" if advice else "")
