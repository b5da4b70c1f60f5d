"""Pins carry hashes where the installer checks them: each package that pyproject.toml asks for, and no registry's address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
FILES = sorted((REPOSITORY / "requirements").glob("*.txt"))
PIN = r"(\w[^\\\n]*==[^\\\n]*)(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
# What each file is installed with, and what must be found there then.
GROUPS, EXTRAS = PYPROJECT["dependency-groups"], PYPROJECT["project"]["optional-dependencies"]
NEEDS = {
    ("build",): [*PYPROJECT["build-system"]["requires"], *GROUPS["build"]],
    ("pin",): GROUPS["pin"],
    ("run",): PYPROJECT["project"]["dependencies"],
    ("run", "kubernetes"): [*PYPROJECT["project"]["dependencies"], *EXTRAS["kubernetes"]],
    ("run", "kubernetes", "postgresql"): [*PYPROJECT["project"]["dependencies"], *EXTRAS["kubernetes"], *EXTRAS["postgresql"]],
    ("run", "webrtc"): [*PYPROJECT["project"]["dependencies"], *EXTRAS["webrtc"]],
    ("run", "kubernetes", "postgresql", "webrtc", "dev"): [
        *PYPROJECT["project"]["dependencies"],
        *EXTRAS["kubernetes"],
        *EXTRAS["webrtc"],
        *EXTRAS["dev"],
    ],
}


def pins(*layers: str) -> dict[str, Requirement]:
    """Of these files, by name; two versions of one package fail."""
    texts = [(REPOSITORY / "requirements" / f"{layer}.txt").read_text() for layer in layers]
    found = [Requirement(pin) for text in texts for pin in re.findall(PIN, text)]
    by_name = {canonicalize_name(pin.name): pin for pin in found}
    assert len(by_name) == len(found)
    return by_name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_nothing_but_pins_with_hashes(file: Path) -> None:
    assert re.fullmatch(rf"# Written by scripts/pin[^\n]*\n(?:{PIN})+", file.read_text())


@pytest.mark.parametrize("layers", NEEDS, ids=" ".join)
def test_what_is_needed_is_pinned_within_its_range(layers: tuple[str, ...]) -> None:
    pinned = pins(*layers)
    for need in map(Requirement, NEEDS[layers]):
        if need.name == "homeostat":
            continue
        [version] = pinned[canonicalize_name(need.name)].specifier
        assert version.operator == "==" and need.specifier.contains(version.version), need


def test_a_package_has_one_version_in_all_files() -> None:
    versions: dict[str, set[str]] = {}
    for file in FILES:
        for name, pin in pins(file.stem).items():
            versions.setdefault(name, set()).add(str(pin.specifier))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


def test_every_installation_checks_hashes_or_takes_this_clone_alone() -> None:
    texts = [(REPOSITORY / name).read_text().replace("\\\n", " ") for name in ("Makefile", "Dockerfile")]
    commands = re.findall(r"(?:\$\(PIP\)|/pip (?:install|wheel)) [^\n&]*", "\n".join(texts))
    assert commands
    assert [command for command in commands if "--require-hashes" not in command and "--no-deps" not in command] == []
