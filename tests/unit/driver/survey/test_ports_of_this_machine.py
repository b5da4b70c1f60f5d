"""Which ports QEMU could not listen on, by the kernel's own word; who has them is named, as far as it can be known."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from homeostat.driver.survey.ports import UNKNOWN, blocked
from homeostat.models.listening import Listener
from homeostat.planner.observed import ObservedPort


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """This machine's, with a libvirtd in our network namespace."""
    (tmp_path / "net").mkdir()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        (tmp_path / "net" / table).symlink_to(f"/proc/net/{table}")
    (tmp_path / "net" / "unix").write_text("Num\n0000: 00000002 00000000 00010000 0001 01 7 /run/libvirt/libvirt-sock\n")
    (tmp_path / str(os.getpid())).symlink_to(f"/proc/{os.getpid()}")
    lowest = tmp_path / "sys" / "net" / "ipv4" / "ip_unprivileged_port_start"
    lowest.parent.mkdir(parents=True)
    lowest.write_text("1024\n")
    return tmp_path


def wanted(port: int, address: str = "127.0.0.1", protocol: str = "tcp") -> Listener:
    return Listener("nics[lan]: host port", protocol, address, port)


@contextmanager
def listening(address: str = "127.0.0.1", protocol: str = "tcp", *, six_only: bool = True) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as one:
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, six_only)
        one.bind((address, 0))
        if protocol == "tcp":
            one.listen()
        yield one.getsockname()[1]


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize(("theirs", "ours"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.2", "0.0.0.0")])
def test_who_has_it_is_named(proc: Path, protocol: str, theirs: str, ours: str) -> None:
    with listening(theirs, protocol) as port:
        listener = wanted(port, ours, protocol)
        (found,) = blocked([listener], proc).values()
        assert found.holder.endswith(f" (pid {os.getpid()})")
        (proc / str(os.getpid())).unlink()
        assert blocked([listener], proc) == {listener: ObservedPort(UNKNOWN)}, "its files may not be ours to see"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_what_another_address_or_protocol_has_is_free(proc: Path, protocol: str) -> None:
    with listening("127.0.0.2", protocol) as port:
        assert blocked([wanted(port, "127.0.0.1", protocol)], proc) == {}
        assert blocked([wanted(port, "127.0.0.2", "udp" if protocol == "tcp" else "tcp")], proc) == {}


def test_a_port_of_ipv6_alone_is_free_for_ipv4(proc: Path) -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this kernel has no IPv6")
    with listening("::") as port:
        assert blocked([wanted(port)], proc) == {}
        assert blocked([wanted(port, "::1")], proc) != {}
    with listening("::", six_only=False) as port:
        assert blocked([wanted(port)], proc) != {}


def test_a_connection_that_lingers_is_no_listener(proc: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
            pass
    assert blocked([wanted(port)], proc) == {}


def test_an_address_that_this_machine_does_not_have(proc: Path) -> None:
    listener = wanted(80, "198.51.100.7")
    assert blocked([listener], proc) == {listener: ObservedPort()}


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_port_that_only_root_may_listen_on_is_not_for_qemu(proc: Path, tmp_path: Path, protocol: str) -> None:
    low, first = wanted(1023, protocol=protocol), wanted(1024, protocol=protocol)
    conf = tmp_path / "qemu.conf"
    assert blocked([low, first], proc, conf) == {low: ObservedPort(lowest=1024)}
    conf.write_text("#clear_emulator_capabilities = 0\nclear_emulator_capabilities = 1\n")
    assert blocked([low], proc, conf) == {low: ObservedPort(lowest=1024)}
    conf.write_text('user = "root"\nclear_emulator_capabilities = 0\n')
    assert blocked([low], proc, conf) == {}, "QEMU keeps what root may"
    conf.unlink()
    (proc / "sys" / "net" / "ipv4" / "ip_unprivileged_port_start").write_text("80\n")
    assert blocked([low], proc, conf) == {}


def test_nothing_is_said_where_libvirt_is_in_another_network_namespace(proc: Path) -> None:
    (proc / "net" / "unix").write_text("Num\n0000: 00000002 00000000 00010000 0001 01 7 /run/other.sock\n")
    with listening() as port:
        assert blocked([wanted(port), wanted(80, "198.51.100.7")], proc) == {}
