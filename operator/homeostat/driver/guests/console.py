"""A person at a domain's serial console, through libvirt's stream. It works with remote hosts too."""

from __future__ import annotations

import os
import threading
from enum import StrEnum
from typing import Any

import libvirt

from ..errors import DriverError, Refused, ResourceInUse
from .running import check_runs, running_domain

_CHUNK = 4096


class ConsoleEnd(StrEnum):
    """Why an attached console ended."""

    DETACHED = "detached"  # the person pressed the escape key
    INPUT_ENDED = "input ended"  # end of file on the input
    CLOSED = "closed"  # the guest ended, or somebody else took over the console


class NoConsole(Refused):
    """A domain that runs has no console, or libvirt cannot open it. The text is libvirt's, which may name places of its host."""


def attach_console(
    uri: str, uuid: str, input_fd: int, output_fd: int, *, escape: bytes = b"\x1d", force: bool = False
) -> ConsoleEnd:
    """Couples the first console of a running domain with two file descriptors, until one side ends. Blocks.

    ``escape`` is the byte that detaches (Ctrl-] by default). With ``force``, a person who is attached already is disconnected.

    Raises:
        HostUnreachable: no connection.
        DomainGone: no such domain.
        ResourceInUse: somebody is attached, and ``force`` was not given.
        Refused: the domain does not run, or has no console.
    """
    with running_domain(uri, uuid) as domain:
        return _Coupling(open_stream(domain, force), input_fd, output_fd, escape).run()


def open_stream(domain: Any, force: bool) -> Any:
    """Opens the stream of a running domain's first console. It never waits for bytes.

    Raises:
        ResourceInUse: somebody has it, and ``force`` was not given.
        Refused: the domain went off.
        NoConsole: there is none, or libvirt cannot open it.
    """
    stream = domain.connect().newStream(libvirt.VIR_STREAM_NONBLOCK)
    flags = libvirt.VIR_DOMAIN_CONSOLE_FORCE if force else libvirt.VIR_DOMAIN_CONSOLE_SAFE
    try:
        domain.openConsole(None, stream, flags)
    except libvirt.libvirtError as error:
        said = error.get_error_message()
        if "active console session" in said.lower():
            raise ResourceInUse(f"somebody is attached to the console of {domain.name()}: --force disconnects them") from error
        check_runs(domain, error, "its console opens")
        raise NoConsole(f"{domain.name()} has no console to attach to: {said}") from error
    return stream


class _Coupling:
    """Moves bytes both ways, on the thread of libvirt's event loop. It buffers what the stream cannot take yet."""

    def __init__(self, stream: Any, input_fd: int, output_fd: int, escape: bytes) -> None:
        self._stream, self._input_fd, self._output_fd, self._escape = stream, input_fd, output_fd, escape
        self._unsent = b""
        self._over = threading.Event()
        self._end: ConsoleEnd | None = None
        self._error: Exception | None = None

    def run(self) -> ConsoleEnd:
        self._stream.eventAddCallback(libvirt.VIR_STREAM_EVENT_READABLE, self._on_stream, None)
        watch = libvirt.virEventAddHandle(self._input_fd, libvirt.VIR_EVENT_HANDLE_READABLE, self._on_input, None)
        try:
            self._over.wait()
        finally:
            libvirt.virEventRemoveHandle(watch)
            self._close()
        if self._error is not None:
            raise self._error
        return self._end or ConsoleEnd.CLOSED

    def _close(self) -> None:
        try:
            self._stream.eventRemoveCallback()
            self._stream.abort()
        except libvirt.libvirtError as error:
            self._error = self._error or (None if self._end else DriverError(error.get_error_message()))

    def _on_stream(self, _stream: Any, events: int, _opaque: Any) -> None:
        # An exception must not leave through libvirt's C code, which would only print it.
        try:
            if events & libvirt.VIR_STREAM_EVENT_READABLE:
                self._receive()
            if events & libvirt.VIR_STREAM_EVENT_WRITABLE:
                self._send()
            if events & (libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP):
                self._finish(ConsoleEnd.CLOSED)
        except libvirt.libvirtError:
            self._finish(ConsoleEnd.CLOSED)
        except OSError as error:
            self._fail(error)

    def _finish(self, end: ConsoleEnd) -> None:
        self._end = self._end or end
        self._over.set()

    def _fail(self, error: Exception) -> None:
        self._error = error
        self._over.set()

    def _receive(self) -> None:
        received = self._stream.recv(_CHUNK)
        if received == -2:  # nothing there after all
            return
        if not received:
            self._finish(ConsoleEnd.CLOSED)
            return
        while received:
            received = received[os.write(self._output_fd, received) :]

    def _on_input(self, _watch: int, _fd: int, _events: int, _opaque: Any) -> None:
        try:
            typed = os.read(self._input_fd, _CHUNK)
            if not typed:
                self._finish(ConsoleEnd.INPUT_ENDED)
                return
            before, escaped, _ = typed.partition(self._escape)
            self._unsent += before
            self._send()
            if escaped:
                self._finish(ConsoleEnd.DETACHED)
        except libvirt.libvirtError:
            self._finish(ConsoleEnd.CLOSED)
        except OSError as error:
            self._fail(error)

    def _send(self) -> None:
        while self._unsent:
            sent = self._stream.send(self._unsent)
            if sent == -2:  # the stream is full: go on when it can take more
                break
            self._unsent = self._unsent[sent:]
        wanted = libvirt.VIR_STREAM_EVENT_READABLE | (libvirt.VIR_STREAM_EVENT_WRITABLE if self._unsent else 0)
        self._stream.eventUpdateCallback(wanted)
