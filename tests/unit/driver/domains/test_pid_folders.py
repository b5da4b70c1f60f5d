"""Where QEMU's pid is looked for, by the host's address."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.driver.domains.reading import PidFiles
from homeostat.driver.survey.survey import is_local, pid_folders

ENVIRONMENT = {"XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/home/ann"}


@pytest.mark.parametrize(
    ("uri", "folders"),
    [
        ("qemu:///system", ["/run/libvirt/qemu"]),
        ("qemu+unix:///system?socket=/tmp/rig/run/libvirt-sock", ["/tmp/rig/run/qemu"]),
        ("qemu:///session", ["/run/user/7/libvirt/qemu/run", "/home/ann/.cache/libvirt/qemu/run"]),
        ("qemu:///embed?root=/srv/x", ["/srv/x/run/qemu"]),
        ("qemu+ssh://far.example/system", []),
        ("test:///default", []),
    ],
)
def test_folders(uri: str, folders: list[str]) -> None:
    assert pid_folders(uri, ENVIRONMENT) == tuple(map(Path, folders))


def test_a_host_elsewhere_is_not_local() -> None:
    assert is_local("qemu:///system") and not is_local("qemu+ssh://far.example/system")


def test_a_pid_that_is_another_programs_by_now_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "web.pid").write_text("1\n", encoding="ascii")
    assert PidFiles((tmp_path,))("web", "6a3f1c1e-57d5-5b1c-9d2e-0c1d2e3f4a5b") is None
    (tmp_path / "web.pid").write_text("rubbish", encoding="ascii")
    assert PidFiles((tmp_path,))("web", "6a3f1c1e") is None
