"""What somebody types on a domain's serial line, through libvirt's stream. What the guest writes there is dropped: the log has
it, see ``console_log``.

libvirt gives the line to one at a time, whichever program asks. Sending waits as long as the guest takes nothing, even on
a stream that should not wait, so each line has a thread of its own.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import ExitStack, suppress
from typing import Any

import libvirt

from .console import open_stream
from .running import running_domain

PART = 4096  # bytes that are sent at once
_PARTS = 16  # that wait
_AGAIN = 0.02  # seconds until a full stream is tried again
_ALL = libvirt.VIR_STREAM_EVENT_READABLE | libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP


def open_line(uri: str, uuid: str, force: bool = False) -> SerialLine:
    """Opens the serial line of a running domain. Blocks for some ms. With ``force``, whoever has it loses it.

    QEMU notices within a second that it is open, and takes what was typed until then.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        ResourceInUse: another program has it, and ``force`` was not given.
        Refused: the domain does not run.
        NoConsole: it has no serial line, or libvirt cannot open it.
    """
    with ExitStack() as stack:
        stream = open_stream(stack.enter_context(running_domain(uri, uuid)), force)
        return SerialLine(stream, stack.pop_all())


class SerialLine:
    """A line that is open, until the guest ends, another program takes it, or ``close``."""

    def __init__(self, stream: Any, connected: ExitStack) -> None:
        self._stream, self._connected = stream, connected
        self._typed: queue.Queue[bytes] = queue.Queue(_PARTS)
        self._over = threading.Event()
        threading.Thread(target=self._run, name="serial-line", daemon=True).start()

    @property
    def over(self) -> bool:
        """Tells whether it is open no more."""
        return self._over.is_set()

    def type(self, part: bytes) -> bool:
        """Takes a part, which is sent as soon as possible. False: too many wait already."""
        try:
            self._typed.put_nowait(part)
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Gives it back, at once or as soon as the guest takes what is being sent."""
        self._over.set()
        self.type(b"")  # the thread waits for something

    def _run(self) -> None:
        try:
            self._stream.eventAddCallback(_ALL, self._on_stream, None)
            while not self._over.is_set():
                self._send(self._typed.get())
        except libvirt.libvirtError:
            pass  # it was taken by another program, or the guest has ended: ``over`` says so
        finally:
            self._over.set()
            with suppress(libvirt.libvirtError):
                self._stream.eventRemoveCallback()
                self._stream.abort()
            with suppress(libvirt.libvirtError):
                self._connected.close()

    def _send(self, part: bytes) -> None:
        while part and not self._over.is_set():
            sent = self._stream.send(part)
            if sent == -2:  # it is full
                time.sleep(_AGAIN)
            else:
                part = part[sent:]

    def _on_stream(self, _stream: Any, events: int, _opaque: Any) -> None:
        # An exception must not leave through libvirt's C code, which would only print it.
        try:
            dropped = self._stream.recv(PART) if events & libvirt.VIR_STREAM_EVENT_READABLE else -2
            if dropped != b"" and not events & (libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP):
                return
        except libvirt.libvirtError:
            pass
        self.close()
