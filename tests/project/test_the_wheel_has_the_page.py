"""A wheel has the pages that browsers are served: built before, or while it is made, where npm is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MAIN = "homeostat_api/static/web/page/main.js"
BUILD_WEB = f"#!/bin/sh\nmkdir -p api/{MAIN.removesuffix('main.js')}\necho built >> api/{MAIN}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A small clone: what a wheel is made of, and a stand-in for what builds the pages."""
    clone = tmp_path / "clone"
    for name in ("pyproject.toml", "README.md", "LICENSE", "scripts/hatch_build.py", "operator/homeostat/__init__.py"):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, clone / name)
    for package in ("homeostat_api", "homeostat_contracts"):
        (clone / "api" / package).mkdir(parents=True)
        (clone / "api" / package / "__init__.py").touch()
    (clone / "scripts" / "build-web").write_text(BUILD_WEB)
    (clone / "scripts" / "build-web").chmod(0o755)
    return clone


def build(clone: Path, npm: bool = True, target: str = "wheel") -> tuple[Path, str]:
    """Returns the wheel, and what was said."""
    programs = clone.parent / "bin"
    programs.mkdir()
    for name in ("sh", "mkdir", "env"):
        (programs / name).symlink_to(shutil.which(name) or name)
    if npm:
        (programs / "npm").symlink_to("/bin/true")
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(clone.parent / "made")]
    environment = {**os.environ, "PATH": str(programs)}
    done = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=True)
    [wheel] = (clone.parent / "made").glob("*.whl")
    return wheel, done.stdout + done.stderr


def test_pages_are_built_for_a_wheel(clone: Path) -> None:
    wheel, _ = build(clone)
    assert ZipFile(wheel).read(MAIN) == b"built\n"


def test_pages_that_are_there_are_not_built_again(clone: Path) -> None:
    page = clone / "api" / MAIN
    page.parent.mkdir(parents=True)
    page.write_text("mine\n")
    wheel, _ = build(clone)
    assert ZipFile(wheel).read(MAIN) == b"mine\n"


def test_without_npm_a_wheel_has_no_page_and_says_so(clone: Path) -> None:
    wheel, said = build(clone, npm=False)
    assert MAIN not in ZipFile(wheel).namelist()
    assert "No npm: the wheel is built without the page" in said


def test_an_editable_installation_builds_nothing(clone: Path) -> None:
    build(clone, target="wheel:editable")
    assert not (clone / "api" / MAIN).exists()
