"""The API beside the operator: a child process of `homeostat up`, which is restarted when it dies."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO

from .errors import CliError

if TYPE_CHECKING:
    from homeostat.runtime.engine.supervise import Supervisor

BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before the next start, by how often it died in a row
HEALTHY_SECONDS = 60.0  # after running so long its next death counts as the first one
STEADY = 15.0  # seconds after which it counts as working again: longer than a failing start takes
REFUSED = 2  # its exit code when its configuration is wrong: another try cannot help until somebody corrects that
PROCESS = "api-process"  # its name in the list of what fails
STOP_SECONDS = 10.0  # seconds for the requests that are under way
LOG_LIMIT = 8 * 2**20  # bytes of the log, and of the one before it
LOG_PERIOD = 30.0  # seconds between checks of its size


async def serve(
    command: Sequence[str],
    log: Path,
    stop: asyncio.Event,
    say: Callable[[str], None],
    supervisor: Supervisor | None = None,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Runs the API until ``stop``. Its own output goes to the file ``log``, whose end is printed when the API dies.
    ``environment``: variables that it gets beside ours.

    Raises:
        CliError: it refuses to start with these options. Where it has served before, that is printed once, and the operator goes
            on.
    """
    deaths, said_last, served = 0, "", False
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        began = loop.time()
        server = await _start(command, log, environment)
        mended = loop.call_later(STEADY, supervisor.recovered, PROCESS) if supervisor else None
        try:
            code = await _until(server, stop, log)
        finally:
            if mended is not None:
                mended.cancel()
        if code is None:
            return
        served = served or loop.time() - began > STEADY
        deaths = 1 if loop.time() - began > HEALTHY_SECONDS else deaths + 1
        pause = BACKOFF[-1 if code == REFUSED else min(deaths, len(BACKOFF)) - 1]
        said = last_line(log)
        if code == REFUSED and not served:
            raise CliError(f"the API refuses to start: {said.removeprefix('Error: ')}", f"log: {log}; guests keep running")
        ended = f"the API ended ({_ending(code)}){': ' + said if said else ''}"
        if code != REFUSED or ended != said_last:
            say(f"{ended}; starting it again in {pause:g} s (log: {log})")
        said_last = ended
        if supervisor is not None:
            supervisor.failed(PROCESS, ChildProcessError(ended), quiet=True)
        try:
            await asyncio.wait_for(stop.wait(), pause)
        except TimeoutError:
            continue


async def _start(command: Sequence[str], log: Path, environment: Mapping[str, str]) -> Process:
    rotate(log)
    with _open(log, "ab") as output:
        # It gets a session of its own: Ctrl-C at the terminal reaches only us, and we end it in order.
        return await asyncio.create_subprocess_exec(
            *_dying_with_us(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, **environment},
        )


def _dying_with_us(command: Sequence[str]) -> Sequence[str]:
    """Returns the command so that the API dies with us, since the API of an operator that was killed must not hold the port. The
    kernel then sends it SIGTERM. setpriv (util-linux) asks for that before it starts; --end-with-parent asks again, for hosts
    without setpriv."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def _open(log: Path, mode: str) -> BinaryIO:
    """Opens a log that only we can read, whatever the umask is, and whoever made the file."""
    file: BinaryIO = open(log, mode, opener=lambda path, flags: os.open(path, flags, 0o600))  # type: ignore[assignment]  # noqa: SIM115
    os.fchmod(file.fileno(), 0o600)
    return file


def rotate(log: Path) -> None:
    """Moves a log that has grown aside as ``….1``. It is copied and truncated, because its writer has it open and goes on at its
    end."""
    if not log.exists() or log.stat().st_size <= LOG_LIMIT:
        return
    with _open(log, "rb+") as file:
        with suppress(OSError), _open(log.with_name(log.name + ".1"), "wb") as before:  # a full disk loses them
            file.seek(-LOG_LIMIT, os.SEEK_END)
            shutil.copyfileobj(file, before)
        file.truncate(0)


async def _until(server: Process, stop: asyncio.Event, log: Path) -> int | None:
    """Returns its exit code when it died by itself. None: it was stopped."""
    ended, stopped = asyncio.ensure_future(server.wait()), asyncio.ensure_future(stop.wait())
    try:
        while not (await asyncio.wait({ended, stopped}, timeout=LOG_PERIOD, return_when=asyncio.FIRST_COMPLETED))[0]:
            await asyncio.to_thread(rotate, log)
        if ended.done():
            return ended.result()
        await _end(server)
        return None
    finally:
        for task in (ended, stopped):
            task.cancel()
        if server.returncode is None:  # we were cancelled, and it must not outlive us
            server.kill()


async def _end(server: Process) -> None:
    """Ends it in order, and by force where that takes too long. It may have ended by itself just now."""
    with suppress(ProcessLookupError):
        server.terminate()
    try:
        await asyncio.wait_for(server.wait(), STOP_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            server.kill()
        await server.wait()


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"


def last_line(log: Path) -> str:
    """Returns the last line of a log, shortened: it usually names the error."""
    try:
        with log.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - 4096, 0))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:200] if lines else ""
