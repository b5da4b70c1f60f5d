"""The API beside `up`: restarted when it dies, which is said; ended with the operator."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.cli import api_server
from homeostat.cli.api_server import serve
from homeostat.cli.errors import CliError


def script(text: str) -> list[str]:
    return [sys.executable, "-c", text]


async def test_a_death_is_said_with_its_last_line_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_server, "BACKOFF", (0.01, 0.01))
    said: list[str] = []
    stop = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 3:
            stop.set()

    await asyncio.wait_for(serve(script("raise SystemExit('port 8080 is taken')"), tmp_path / "api.log", stop, say), 30)
    assert all("the API ended (exit code 1): port 8080 is taken; starting it again" in text for text in said)


@pytest.mark.parametrize("text", ["--token-file t: has mode 0644", "Usage: …\\nError: --token-file t: has mode 0644"])
async def test_one_that_refuses_its_configuration_is_not_tried_again(tmp_path: Path, text: str) -> None:
    said: list[str] = []
    refuses = script(f"import sys; print('{text}', file=sys.stderr); sys.exit(2)")
    with pytest.raises(CliError, match="the API refuses to start: --token-file t: has mode 0644"):
        await asyncio.wait_for(serve(refuses, tmp_path / "api.log", asyncio.Event(), said.append), 30)
    assert said == []


async def test_where_it_has_served_a_refusal_is_said_once_and_the_operator_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_server, "BACKOFF", (0.01, 0.01))
    monkeypatch.setattr(api_server, "STEADY", 0.0)
    starts, said, stop = tmp_path / "starts", list[str](), asyncio.Event()
    refuses = script(f"open({str(starts)!r}, 'a').write('x'); raise SystemExit(2)")
    serving = asyncio.ensure_future(serve(refuses, tmp_path / "api.log", stop, said.append))
    await until(lambda: starts.exists() and len(starts.read_text()) >= 4)
    stop.set()
    await asyncio.wait_for(serving, 30)
    assert len(said) == 1 and "exit code 2" in said[0]


async def test_it_ends_with_the_operator(tmp_path: Path) -> None:
    stop = asyncio.Event()
    marker = tmp_path / "up"
    program = f"import pathlib, time; pathlib.Path({str(marker)!r}).write_text('x'); time.sleep(600)"
    running = asyncio.ensure_future(serve(script(program), tmp_path / "api.log", stop, print))
    await until(marker.exists)
    stop.set()
    await asyncio.wait_for(running, 30)


async def test_one_that_has_just_ended_by_itself_is_ended_without_a_word() -> None:
    server = await asyncio.create_subprocess_exec(*script("raise SystemExit(2)"))
    await server.wait()
    await api_server._end(server)
    assert server.returncode == 2


async def test_it_does_not_outlive_a_killed_operator(tmp_path: Path) -> None:
    """The kernel ends it, since nobody else is left to."""
    pid_file = tmp_path / "pid"
    api = f"import os, pathlib, time; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid())); time.sleep(600)"
    operator = f"""
import asyncio, pathlib, sys
from homeostat.cli.api_server import serve
asyncio.run(serve([sys.executable, "-c", {api!r}], pathlib.Path({str(tmp_path / "log")!r}), asyncio.Event(), print))
"""
    running = await asyncio.create_subprocess_exec(*script(operator))
    await until(lambda: pid_file.exists() and bool(pid_file.read_text()))
    running.kill()
    await running.wait()
    await until(lambda: not _runs(int(pid_file.read_text())))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what other programs do sets no event of ours
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
