"""Secrets that a test used, and where they are found though they must not be: in answers, logs, files and command lines.

They are learned from what the test's client sends and is given, so that a test need not name its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.rig.processes import command_of

SHORTEST = 8  # characters, of what is looked for: a shorter text may be anywhere
LARGEST = 32 * 1024 * 1024  # bytes of a file that is looked through; a disk may be larger
GIVES = ("/session", "/session/refresh", "/tokens", "/consoles")  # an answer to POST is where a token is told
_SENT = {"password": "a password", "current": "a password", "refresh_token": "a refresh token"}
_GIVEN = {"access_token": "an access token", "refresh_token": "a refresh token", "token": "a token", "ticket": "a ticket"}
_HEADERS = ("authorization", "x-volant-api-key")


class Secrets:
    """What one client sent and was given."""

    def __init__(self) -> None:
        self._kinds: dict[bytes, str] = {}

    @property
    def hooks(self) -> Mapping[str, list[Callable[..., Any]]]:
        """Returns what the client calls with each request and answer."""
        return {"request": [self._asked], "response": [self._answered]}

    def learn(self, kind: str, text: object) -> None:
        if isinstance(text, str) and len(text) >= SHORTEST:
            self._kinds[text.encode("utf-8", "surrogatepass")] = kind

    def within(self, content: bytes) -> list[str]:
        """Returns the kinds of secrets that stand in there."""
        return sorted({kind for secret, kind in list(self._kinds.items()) if secret in content})

    def leaks(self, places: Iterable[Path], pid: int) -> Iterator[str]:
        """Looks through files, folders with all below them, and the command lines of a process and its children."""
        for place in places:
            for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                yield from (f"{file} has {kind} in it" for kind in self.within(_content(file)))
        for process in (pid, *_children(pid)):
            command = command_of(process)
            yield from (f"the command line of {process} has {kind} in it: {command}" for kind in self.within(command.encode()))

    def _asked(self, request: httpx.Request) -> None:
        for name in _HEADERS:
            self.learn("a token", request.headers.get(name, "").rpartition(" ")[2])
        if request.url.path.startswith(("/api/v1/session", "/api/v1/users")) and isinstance(request.stream, httpx.ByteStream):
            self._learn_all(_SENT, request.content)

    def _answered(self, response: httpx.Response) -> None:
        kind = response.headers.get("content-type", "").partition(";")[0]
        if kind not in ("application/json", "text/plain"):
            return  # a stream has no end
        content, request = response.read(), response.request
        if request.method == "POST" and request.url.path.endswith(GIVES):
            self._learn_all(_GIVEN, content)
            for cookie in response.cookies.values():
                self.learn("a cookie", cookie)
        elif found := self.within(content):
            raise AssertionError(f"the answer to {request.method} {request.url} has {', '.join(found)} in it: {content!r}")

    def _learn_all(self, kinds: Mapping[str, str], content: bytes) -> None:
        try:
            said = json.loads(content)
        except (ValueError, RecursionError):
            return
        if isinstance(said, dict):
            for field, kind in kinds.items():
                self.learn(kind, said.get(field))


def _content(file: Path) -> bytes:
    """Returns what is in a file; of what is none, too large, or gone meanwhile: nothing."""
    with suppress(FileNotFoundError):
        if file.is_file() and not file.is_symlink() and file.stat().st_size <= LARGEST:
            return file.read_bytes()
    return b""


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _content(task).split():
            yield int(child)
            yield from _children(int(child))
