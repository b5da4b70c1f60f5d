"""Every file in examples/ is what the models and the JSON Schemas allow, and explains itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml

from homeostat.models.kinds import BY_KIND
from homeostat.models.schema import json_schema
from tests.unit.read_source import read_source

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))


@cache
def validator(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schema(BY_KIND[kind]))


def named(path: Path) -> str:
    return str(path.relative_to(EXAMPLES))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_models_take_it(path: Path) -> None:
    resources, errors = read_source(path, takes_hosts=True)
    assert [str(error) for error in errors] == []
    assert resources


@pytest.mark.parametrize("path", FILES, ids=named)
def test_its_json_schema_takes_it(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text()):
        validator(document["kind"]).validate(document)


@pytest.mark.parametrize("path", FILES, ids=named)
def test_it_says_what_it_is_before_anything_else(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ")
    assert sum("#" in line for line in lines) >= len(lines) / 6


def test_the_readme_lists_every_folder() -> None:
    listed = (EXAMPLES / "README.md").read_text()
    assert [folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and f"({folder.name})" not in listed] == []
