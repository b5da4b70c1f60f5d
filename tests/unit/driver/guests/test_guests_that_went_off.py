"""A guest that is off, or goes off while it is asked: that is said, and not what libvirt stumbled over."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import libvirt
import pytest

from homeostat.driver.connection import eventloop
from homeostat.driver.errors import DriverError, Refused
from homeostat.driver.guests.keyboard import press_keys
from homeostat.driver.guests.screen import open_screen, take_picture

NO_MONITOR = (libvirt.VIR_ERR_INVALID_ARG, "invalid argument: monitor must not be NULL")
RESET = (libvirt.VIR_ERR_SYSTEM_ERROR, "Unable to read from monitor: Connection reset by peer")
END_OF_FILE = (libvirt.VIR_ERR_INTERNAL_ERROR, "internal error: End of file from qemu monitor")
OFF = (libvirt.VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: domain is not running")
LOCKED = (libvirt.VIR_ERR_OPERATION_TIMEOUT, "cannot acquire state change lock (held by monitor=qemu-event)")


class Domain:
    """Refuses what is asked of it, and is active as often as ``active`` says. It is its own connection."""

    def __init__(self, active: list[bool], refusal: tuple[int, str] = LOCKED) -> None:
        self.active, self.refusal = active, refusal

    def isActive(self) -> bool:
        return self.active.pop(0)

    def name(self) -> str:
        return "web"

    def connect(self) -> Domain:
        return self

    lookupByUUIDString = newStream = close = lambda self, *_: self

    def _refuse(self, *_: object) -> None:
        error = libvirt.libvirtError("refused")
        error.err = (self.refusal[0], 10, self.refusal[1])
        raise error

    openGraphicsFD = screenshot = sendKey = _refuse


ASKED: dict[str, tuple[Callable[[], object], str]] = {
    "screen": (lambda: open_screen("qemu:///system", "1"), "its screen shows something"),
    "picture": (lambda: take_picture("qemu:///system", "1"), "its screen shows something"),
    "keys": (lambda: press_keys("qemu:///system", "1", [(30,)], 10), "its keyboard takes keys"),
}
asked = pytest.mark.parametrize(("ask", "once"), ASKED.values(), ids=list(ASKED))


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[Domain], None]:
    def find(domain: Any) -> None:
        monkeypatch.setattr(eventloop, "ensure_running", lambda: None)
        monkeypatch.setattr(libvirt, "open", lambda uri: domain)

    return find


@asked
def test_it_is_off(found: Callable[[Domain], None], ask: Callable[[], object], once: str) -> None:
    found(Domain([False]))
    with pytest.raises(Refused, match=f"^web is not running: {once} once it is started$"):
        ask()


@asked
@pytest.mark.parametrize(
    ("refusal", "after"),
    [(NO_MONITOR, True), (RESET, True), (END_OF_FILE, True), (OFF, True), (LOCKED, False)],
    ids=["no-monitor", "reset", "end-of-file", "refused", "seen-after"],
)
def test_it_goes_off(
    found: Callable[[Domain], None], ask: Callable[[], object], once: str, refusal: tuple[int, str], after: bool
) -> None:
    found(Domain([True, after], refusal))
    with pytest.raises(Refused, match=f"^web went off: {once} once it is started$"):
        ask()


@asked
def test_one_that_goes_on_has_another_trouble(found: Callable[[Domain], None], ask: Callable[[], object], once: str) -> None:
    found(Domain([True, True]))
    with pytest.raises(DriverError, match=re.escape(LOCKED[1])) as failure:
        ask()
    assert not isinstance(failure.value, Refused)
