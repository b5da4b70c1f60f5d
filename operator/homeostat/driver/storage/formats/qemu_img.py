"""Runs qemu-img: without a shell, and with limits where the file is not ours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from homeostat.driver.errors import DriverError, NoSpace, Refused, ResourceInUse

from ..paths import free_bytes, human_size

TIMEOUT = 60.0  # seconds for what copies no contents
# OpenStack Nova's limits for reading foreign images (1 GiB of address space, 30 s of CPU): a hostile header can
# make qemu-img ask for any amount of either.
_LIMITS = ("prlimit", "--as=1073741824", "--cpu=30", "--nofile=64", "--core=0", "--")
# glibc gives threads heaps of their own, each 64 MiB of that address space. With more than a few, qemu-img could not begin a
# thread, now and then, for a good image.
_ONE_HEAP = {"MALLOC_ARENA_MAX": "1"}
_NO_THREAD = "qemu_thread_create: "  # how it says so before it aborts

_CORRUPT, _LEAKS = 2, 3  # exit codes of qemu-img check, see its manual; leaks only take space
_BEYOND = re.compile(r"exceeding the end of the file by one cluster or more: offset (0x[0-9a-f]+) size (0x[0-9a-f]+)")
_SAID = 65536  # bytes of its messages that are stored


@dataclass(frozen=True, slots=True)
class Inspection:
    format: str
    virtual_size: int  # bytes
    iso: bool = False  # a CD, which is read as raw


class Unusable(Refused):
    """The contents of an image are wrong: the fetched file is worth nothing."""


class Broken(Unusable):
    """Looks like a file that was cut somewhere, though it may be so at its source."""


class Truncated(Broken):
    """The file ends before its contents do."""


class _Complained(DriverError):
    """qemu-img ran, and ended with an error."""


async def inspect(path: Path, format: str) -> Inspection:
    """Returns what qemu-img finds in an image of unknown origin, read as ``format`` and nothing else.

    Raises:
        Unusable: it is damaged, or is built on other files of the host.
        DriverError: qemu-img could not read it.
    """
    try:
        out = await run("info", "-f", format, "--output=json", str(path), limited=True, doing="read the image")
    except _Complained as error:
        raise Broken(f"is no usable {format} image: {error}") from error
    found = json.loads(out)
    details = found.get("format-specific", {}).get("data", {})
    others = [e.get("filename") for e in details.get("extents", []) if e.get("filename") != str(path)]
    if found.get("backing-filename") or details.get("data-file") or others:
        raise Unusable("needs other files of the host to be complete, which an image may not")
    if details.get("corrupt"):
        raise Unusable("is marked as corrupt; repair it (qemu-img check -r all) or fetch it again")
    await _check(path, format)
    return Inspection(found["format"], int(found["virtual-size"]))


async def _check(path: Path, format: str) -> None:
    """Checks what ``info`` does not: whether the tables are consistent, and everything that they point at is there. If only a
    part of the last cluster is missing, it does not notice, because images may end within it.

    Raises:
        Broken.
    """
    arguments = ("check", "-f", format, "--output=json", str(path))
    code, out, said = await _call(arguments, limited=True, doing="check the image")
    if code == 0 or code == _LEAKS:
        return
    beyond = [int(at, 16) + int(length, 16) for at, length in _BEYOND.findall(said)]
    if beyond or "after EOF" in said:
        size = human_size(os.stat(path).st_size)
        of = f" of {human_size(max(beyond))}" if beyond else ""
        raise Truncated(f"ends before its contents do: {size}{of} are there; export or upload it again")
    if code == _CORRUPT:
        errors = json.loads(out).get("corruptions", "some")
        raise Broken(f"is damaged (qemu-img check finds {errors} errors); export or fetch it again")
    error = _failure(code, said.splitlines()[-1] if said else "", arguments, "check the image")
    raise Broken(f"is no usable {format} image: {error}") if isinstance(error, _Complained) else error


async def run(*arguments: str, limited: bool = False, doing: str, timeout: float | None = TIMEOUT) -> bytes:
    """Returns the standard output of ``qemu-img ARGUMENTS``. Nobody else can read the files that it makes. ``timeout`` None: it
    copies contents, which takes as long as it takes, and ends with us.

    Raises:
        DriverError: it failed; says what qemu-img said.
        Refused: it is not installed.
    """
    code, out, said = await _call(arguments, limited=limited, doing=doing, timeout=timeout)
    if code:
        raise _failure(code, said, arguments, doing)
    return out


def tied() -> tuple[str, ...]:
    """Returns what to put before a command that is to end with the thread that starts it, also where that is killed; nothing
    where this host has no setpriv (util-linux).

    It is for copies: one that nobody waits for keeps its source locked, so that a machine with it cannot start, and fills a file
    that has no name any more. What changes a disk in place is never ended half-way.
    """
    return (program, "--pdeathsig", "KILL", "--") if (program := shutil.which("setpriv")) else ()


async def _call(
    arguments: tuple[str, ...], *, limited: bool, doing: str, timeout: float | None = TIMEOUT
) -> tuple[int, bytes, str]:
    """Returns its exit code, its output, and the end of its error messages."""
    command = (*(_LIMITS if limited else ()), *(tied() if timeout is None else ()), "qemu-img", *arguments)
    environment = {**os.environ, **_ONE_HEAP} if limited else None
    pipe = asyncio.subprocess.PIPE
    try:
        child = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, umask=0o077, env=environment
        )
    except FileNotFoundError as error:
        raise Refused(_missing(error.filename)) from error
    assert child.stdout is not None and child.stderr is not None
    try:
        out, said, code = await asyncio.wait_for(asyncio.gather(child.stdout.read(), _last(child.stderr), child.wait()), timeout)
    except (TimeoutError, asyncio.CancelledError) as error:
        with contextlib.suppress(ProcessLookupError):  # it has just ended
            child.kill()
        await child.wait()
        if isinstance(error, asyncio.CancelledError):
            raise
        raise DriverError(f"could not {doing}: qemu-img took more than {TIMEOUT:.0f} s; is the disk busy?") from error
    return code, out, said.decode(errors="replace").strip()


async def _last(stream: asyncio.StreamReader) -> bytes:
    """Returns the end of a stream. For a damaged image qemu-img writes a line per cluster."""
    tail = b""
    while chunk := await stream.read(_SAID):
        tail = (tail + chunk)[-_SAID:]
    return tail


def _missing(program: str | None) -> str:
    package = "util-linux" if program == "prlimit" else "qemu-utils"
    return f"{program or 'qemu-img'} is not installed on this host: apt-get install {package}"


def _written(arguments: tuple[str, ...]) -> Path:
    """Returns the file that is written to: of several the last, behind those that it is made of."""
    named = (a.partition("file.filename=")[2].replace(",,", ",") if "file.filename=" in a else a for a in reversed(arguments))
    return next((Path(a) for a in named if a.startswith("/")), Path("/"))


def _failure(code: int, said: str, arguments: tuple[str, ...], doing: str) -> DriverError:
    if code == 127 or "failed to execute qemu-img" in said:
        return Refused(_missing("qemu-img"))
    if code < 0 and _NO_THREAD in said:
        why = said.partition(_NO_THREAD)[2].splitlines()[0]
        return DriverError(f"could not {doing}: this host gives qemu-img no further thread ({why}); it is tried again")
    if code < 0:
        return _Complained(f"could not {doing}: qemu-img was ended by signal {-code}")
    said = said.removeprefix("qemu-img: ")
    if "No space left" in said or "Disk quota exceeded" in said:
        folder = _written(arguments).parent
        free = human_size(free_bytes(folder))
        return NoSpace(f"could not {doing}: no space is left in {folder} ({free} free); free some space")
    if "Failed to get" in said and "lock" in said:
        return ResourceInUse(f"could not {doing}: another program has the file open; stop it first ({said})")
    if "Permission denied" in said:
        return Refused(f"could not {doing}: {said}; let the operator's user read and write there")
    return _Complained(f"could not {doing}: {said or f'qemu-img ended with code {code}'}")
