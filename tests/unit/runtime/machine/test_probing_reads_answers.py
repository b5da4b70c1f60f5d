"""What counts as an answer of HTTP, why there was none, how /proc/net names an address, and which probe tells."""

from __future__ import annotations

import errno
import sys

import pytest

from homeostat.driver.errors import DriverError
from homeostat.models.probe import Probe, Probes
from homeostat.runtime.machine.probing.attempt import Result, _explain, _status
from homeostat.runtime.machine.probing.counting import ProbeCounts
from homeostat.runtime.machine.probing.forward import _as_listed


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", 200),
        (b"HTTP/1.1 404\r\n", 404),  # the words behind it may be missing
        (b"HTTP/1.1\r\n", None),
        (b"HTTP/1.1 OK 200\r\n", None),
        (b"SSH-2.0 200\r\n", None),
        (b"200 200 OK\r\n", None),
        (b"", None),
    ],
)
def test_the_first_line_of_an_answer(line: bytes, status: int | None) -> None:
    assert _status(line) == status


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('192.0.2.1', 80)"), "connection refused"),
        (OSError("neither a number nor a name"), "neither a number nor a name"),
        (OSError(99_999, "a number of nobody's"), "[Errno 99999] a number of nobody's"),
        (DriverError("the agent is busy"), "the agent is busy"),
        (OSError(), "OSError"),
    ],
)
def test_why_there_was_no_answer(error: Exception, said: str) -> None:
    assert _explain(error) == said


@pytest.mark.skipif(sys.byteorder != "little", reason="written down from such a host")
@pytest.mark.parametrize(
    ("host", "port", "listed"),
    [
        ("127.0.0.1", 80, "0100007F:0050"),
        ("192.0.2.1", 65535, "010200C0:FFFF"),
        ("::1", 8080, "00000000000000000000000001000000:1F90"),
        ("2001:db8::ff", 1, "B80D01200000000000000000FF000000:0001"),
    ],
)
def test_an_address_as_the_kernel_lists_it(host: str, port: int, listed: str) -> None:
    assert _as_listed(host, port) == listed


GOOD = Result(True, "fine")


@pytest.mark.parametrize(
    ("names", "tries", "told"),
    [
        ("startup liveness readiness", {}, ""),
        ("startup liveness readiness", {"startup": False}, "startup"),
        ("startup liveness readiness", {"startup": True}, ""),
        ("startup liveness readiness", {"startup": True, "liveness": True}, ""),
        ("startup liveness readiness", {"startup": True, "liveness": False, "readiness": True}, "liveness"),
        ("startup liveness readiness", {"startup": True, "liveness": True, "readiness": False}, "readiness"),
        ("startup liveness", {"startup": True, "liveness": True}, "liveness"),
        ("liveness", {"liveness": True}, "liveness"),
        ("startup", {"startup": True}, "startup"),
        ("readiness", {"readiness": True}, "readiness"),
    ],
)
def test_which_probe_tells(names: str, tries: dict[str, bool], told: str) -> None:
    once = Probe.model_validate({"tcpSocket": {"port": 80}, "failureThreshold": 1})
    probes = Probes(**dict.fromkeys(names.split(), once))
    counts = ProbeCounts.begin(probes)
    for name, ok in tries.items():
        counts = counts.after(name, once, Result(ok, name), "2026-01-01T00:00:00Z")
    assert counts.health(probes).message == told


@pytest.mark.parametrize(("failures", "alive"), [(1, True), (2, False), (3, False)])
def test_a_guest_that_does_not_start_is_given_up_after_its_tries(failures: int, alive: bool) -> None:
    twice = Probe.model_validate({"tcpSocket": {"port": 80}, "failureThreshold": 2})
    probes, counts = Probes(startup=twice), ProbeCounts.begin(Probes(startup=twice))
    for _ in range(failures):
        counts = counts.after("startup", twice, Result(False, "no"), "2026-01-01T00:00:00Z")
    assert counts.health(probes).alive is alive and counts.health(None).alive
    up = counts.after("startup", twice, GOOD, "2026-01-01T00:00:00Z")
    assert up.health(probes).alive and up.health(probes).started
