"""The rig itself: what a killed test run left is removed by the next ones, by one of them; a living run's rig is left alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.rig import libvirtd, processes
from tests.rig.libvirtd import Libvirtd

RUN = "from pathlib import Path; import sys; from tests.rig import libvirtd; libvirtd.PLACE = Path(sys.argv[1]); "
STARTED = RUN + "rig = libvirtd.Libvirtd(); rig.start(); print(rig.directory, flush=True); input()"
NEXT = RUN + "libvirtd.remove_abandoned()"


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yields a folder of this test's own: the runs beside it would remove what they find in the usual one."""
    with tempfile.TemporaryDirectory(prefix="hs-", dir=libvirtd.PLACE) as name:
        Path(name).chmod(0o711)
        monkeypatch.setattr(libvirtd, "PLACE", Path(name))
        yield Path(name)


@pytest.fixture
def abandoned(place: Path) -> Path:
    """Returns the folder of a rig whose process was killed."""
    run = subprocess.Popen([sys.executable, "-c", STARTED, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run:
        folder = Path(run.stdout.readline().strip())
        run.kill()
    return folder


def daemons(rig: Path) -> list[int]:
    return [pid for name in ("libvirtd", "virtlogd") if (pid := processes.read_pid(rig / f"{name}.pid")) is not None]


def next_run(place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", NEXT, place], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("libvirtd_lives", [True, False])
def test_one_of_several_runs_removes_it(place: Path, abandoned: Path, libvirtd_lives: bool) -> None:
    pids = daemons(abandoned)
    assert len(pids) == 2
    if not libvirtd_lives:
        processes.end(pids[0], "libvirtd")
    with ThreadPoolExecutor() as pool:
        runs = [*pool.map(next_run, [place] * 3)]
    assert [(run.returncode, run.stderr) for run in runs] == [(0, "")] * 3
    assert not [*place.iterdir()]
    assert not [pid for pid in pids if processes.alive(pid)]


def test_one_whose_run_lives_is_left_alone(place: Path) -> None:
    rig = Libvirtd()
    assert next_run(place).stderr == ""
    assert rig.directory.exists()
    rig.stop()
    assert not rig.directory.exists()


def test_what_cannot_be_ended_in_order_is_said_and_goes(place: Path, abandoned: Path) -> None:
    processes.end(daemons(abandoned)[0], "libvirtd")
    shutil.rmtree(abandoned / "lib")
    (abandoned / "lib").write_text("")  # no libvirtd starts on it, which would say what is there to be ended
    run = next_run(place)
    assert (run.returncode, str(abandoned) in run.stderr) == (0, True), run.stderr
    assert not [*place.iterdir()]
