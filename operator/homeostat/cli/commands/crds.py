"""``homeostat crds``: the CustomResourceDefinitions for Kubernetes, printed, written, or compared with what was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from homeostat.models.base import API_GROUP
from homeostat.models.crd import crds as definitions

from ..errors import CliError
from ..paths import NamedPath
from ..show.output import to_yaml
from ..terminal import emit, say

SUFFIX = f".{API_GROUP}.yaml"
HEADER = "# Made by `homeostat crds --write` from operator/homeostat/models: change it there.\n"


@click.command()
@click.argument("directory", default="crds", metavar="[DIR]", type=NamedPath(file_okay=False, path_type=Path))
@click.option("--write", "mode", flag_value="write", help="Write them to DIR, one file per kind.")
@click.option("--check", "mode", flag_value="check", help="Exit 1 where DIR differs.")
def crds(directory: Path, mode: str | None) -> int:
    """Print the CustomResourceDefinitions, such as for `kubectl apply -f -`. DIR is crds where not given."""
    made = files()
    if mode == "write":
        for name in write(directory, made):
            say(f"{directory / name}")
    elif mode == "check":
        if wrong := differences(directory, made):
            raise CliError(
                [f"{directory} is not what the models say", *(f"  {line}" for line in wrong)],
                f"run `homeostat crds --write {directory}`",
            )
    else:
        emit("---\n".join(text for name, text in made.items() if name.endswith(SUFFIX)))
    return 0


def files() -> Mapping[str, str]:
    """Returns the text of every file of the folder, by name: one definition each, and the one that makes them a kustomize
    base."""
    made = {f"{name}.yaml": definition for name, definition in definitions().items()}
    base: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": sorted(made),
    }
    return {name: HEADER + _yaml(content) for name, content in {**made, "kustomization.yaml": base}.items()}


def _yaml(content: dict[str, Any]) -> str:
    return to_yaml(content)


def write(directory: Path, made: Mapping[str, str]) -> list[str]:
    """Makes the folder as it should be. Returns the names of the files that were not."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = [name for name, text in made.items() if _text(directory / name) != text]
    for name in changed:
        (directory / name).write_text(made[name], encoding="utf-8")
    for name in (stale := _stale(directory, made)):
        (directory / name).unlink()
    return [*changed, *stale]


def differences(directory: Path, made: Mapping[str, str]) -> list[str]:
    """Returns what is wrong with the folder, one line per file."""
    found = {name: _text(directory / name) for name in made}
    wrong = [f"{name}: {'is missing' if found[name] is None else _first_difference(found[name] or '', text)}"
             for name, text in made.items() if found[name] != text]  # fmt: skip
    return wrong + [f"{name}: there is no such kind (any more)" for name in _stale(directory, made)]


def _first_difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    line = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after)))
    return f"differs from line {line + 1} on"


def _stale(directory: Path, made: Mapping[str, str]) -> list[str]:
    return sorted(path.name for path in directory.glob(f"*{SUFFIX}") if path.name not in made)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
