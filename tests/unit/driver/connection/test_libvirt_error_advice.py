"""libvirt's errors become ours, with what to do next. The texts are as libvirt 9.0 and QEMU 7.2 write them."""

from __future__ import annotations

import libvirt
import pytest

from homeostat.driver import errors
from homeostat.driver.connection.translate import translate, translate_connect

INTERNAL = libvirt.VIR_ERR_INTERNAL_ERROR


class Raised(libvirt.libvirtError):
    """As the binding raises it, with a code of our choice."""

    def __init__(self, text: str, code: int = INTERNAL, domain: int = libvirt.VIR_FROM_QEMU) -> None:
        super().__init__(text)
        self.err = (code, domain, text, 2, None, None, None, -1, -1)
        self.args = (text,)  # libvirt's own constructor takes what last failed on this thread, in any other test


@pytest.mark.parametrize(
    ("text", "code", "kind", "advice"),
    [
        (
            "Requested operation is not valid: Setting different DAC user or group on /state/machines/default/web/root.qcow2 "
            "which is already in use",
            libvirt.VIR_ERR_OPERATION_INVALID,
            errors.ResourceInUse,
            "setfattr -x trusted.libvirt.security.ref_dac /state/machines/default/web/root.qcow2",
        ),
        (
            "internal error: qemu unexpectedly closed the monitor: 2026-11-21T09:51:11.123456Z qemu-system-x86_64: -netdev "
            "user,id=u,hostfwd=tcp:127.0.0.1:8080-:80: Could not set up host forwarding rule 'tcp:127.0.0.1:8080-:80'",
            INTERNAL,
            errors.ResourceInUse,
            "host port 8080 is taken",
        ),
        (
            "internal error: qemu unexpectedly closed the monitor: 2026-11-21T09:51:11.123456Z qemu-system-x86_64: -netdev "
            "user,id=u,hostfwd=tcp:127.0.0.1:82-:80: Could not set up host forwarding rule 'tcp:127.0.0.1:82-:80'",
            INTERNAL,
            errors.ResourceInUse,
            "host port 82 is taken, or QEMU may not listen on it",
        ),
        ("Cannot get interface MTU on 'br9': No such device", 38, errors.NetworkMissing, "the bridge br9 does not exist"),
        (
            "Requested operation is not valid: network 'lab' is not active",
            libvirt.VIR_ERR_OPERATION_INVALID,
            errors.NetworkMissing,
            "virsh net-start lab",
        ),
        ("Network not found: no network with matching name 'x'", 43, errors.NetworkMissing, "virsh net-define"),
        ("internal error: unable to write: No space left on device", 38, errors.NoSpace, "df -h"),
        ("cannot set up guest memory 'pc.ram': Cannot allocate memory", 1, errors.NoMemory, "resources.memory"),
        ("Domain not found: no domain with matching uuid", libvirt.VIR_ERR_NO_DOMAIN, errors.DomainGone, ""),
        ("operation failed: domain 'a' already exists with uuid 1-2", 9, errors.NameTaken, "rename the machine"),
        ("Requested operation is not valid: domain is already running", 55, errors.DriverError, ""),
        (
            "operation failed: Unable to find a satisfying virtiofsd",
            9,
            errors.Refused,
            "install it on the host (Debian 13: virtiofsd",
        ),
        ("unsupported configuration: whatever", 67, errors.Refused, "whatever"),
        ("Cannot access storage file '/x' (as uid:1, gid:1): Permission denied", 38, errors.Refused, "libvirt-qemu"),
        ('Failed to get "write" lock; Is another process using the image [/x]?', 1, errors.ResourceInUse, "a disk of its own"),
        ('Failed to get "write" lock; Is another process using the image [/x]?', 1, errors.ResourceInUse, "makes a copy of it"),
        (
            "internal error: unable to execute QEMU command 'block_resize': Device '(null)' is in use",
            INTERNAL,
            errors.ResourceInUse,
            "virsh blockjob",
        ),
        (
            "block copy still active: disk 'vdb' already in active block job",
            libvirt.VIR_ERR_BLOCK_COPY_ACTIVE,
            errors.ResourceInUse,
            "virsh blockjob",
        ),
        ("Unable to read from monitor: Connection reset by peer", 38, errors.DriverError, "a command does not"),
        ("Unable to read from monitor: Connection reset by peer", 38, errors.DriverError, "its QEMU ended meanwhile"),
        ("Unable to write to monitor: Broken pipe", 38, errors.DriverError, "its QEMU ended meanwhile"),
        ("Guest agent is not responding: QEMU guest agent is not connected", 86, errors.DriverError, "not connected"),
    ],
)
def test_working(text: str, code: int, kind: type[errors.DriverError], advice: str) -> None:
    found = translate(Raised(text, code), "start machine web")
    assert type(found) is kind
    assert str(found).startswith("cannot start machine web: ")
    assert advice in str(found)
    assert "\n" not in str(found) and "2026-11-21T" not in str(found)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("internal error: client socket is closed", INTERNAL),
        ("internal error: connection closed due to keepalive timeout", INTERNAL),
        ("Cannot recv data: Connection reset by peer", 38),
        ("Cannot write data: Broken pipe", 38),
    ],
)
def test_the_connection_itself_is_lost(text: str, code: int) -> None:
    found = translate(Raised(text, code, libvirt.VIR_FROM_RPC), "start machine web")
    assert type(found) is errors.HostUnreachable
    assert "cannot start machine web: " in str(found) and "opened again" in str(found)


@pytest.mark.parametrize(
    ("text", "kind", "advice"),
    [
        (
            "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
            errors.PermissionDenied,
            "usermod -aG libvirt",
        ),
        (
            "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
            errors.HostUnreachable,
            "systemctl start libvirtd",
        ),
        ("no connection driver available for qemu:///nowhere", errors.HostUnreachable, "install the libvirt driver"),
        ("authentication unavailable: no polkit agent available", errors.PermissionDenied, "qemu:///session"),
        ("authentication failed: Failed to verify peer's certificate", errors.PermissionDenied, "cacert.pem"),
        ("Cannot read CA certificate '/x/cacert.pem': No such file or directory", errors.PermissionDenied, "clientcert.pem"),
        ("something new", errors.HostUnreachable, "something new"),
        ("Cannot recv data: Connection reset by peer", errors.HostUnreachable, "start it (systemctl start libvirtd"),
    ],
)
def test_connecting(text: str, kind: type[errors.DriverError], advice: str) -> None:
    found = translate_connect(Raised(text), "qemu:///system")
    assert type(found) is kind
    assert "qemu:///system" in str(found) and advice in str(found)
