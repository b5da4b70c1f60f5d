"""docs/spec/*.md describe every field, as the models have it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from homeostat.models.host import Host
from homeostat.models.kinds import KINDS
from tests.unit.crd_schemas import refusals
from tests.unit.read_source import read_source

ROOT = Path(__file__).parents[2]


def test_field_tables_are_current() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


PAGES = sorted((ROOT / "docs/spec").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_field_is_described(page: Path) -> None:
    fields = [line for line in page.read_text().splitlines() if line.startswith("| `")]
    assert fields
    assert [line for line in fields if line.endswith("|  |")] == []


def example(page: Path) -> str:
    return re.search(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)[1]  # type: ignore[index]


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem != "host"], ids=lambda path: path.name)
def test_its_example_is_valid(page: Path, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(example(page))
    resources, errors = read_source(tmp_path)
    assert [str(error) for error in errors] == []
    assert resources


def test_the_example_of_a_host_is_valid_and_not_for_a_folder(tmp_path: Path) -> None:
    text = example(ROOT / "docs/spec/host.md")
    assert refusals(Host.model_validate(yaml.safe_load(text)).dump()) == []
    (tmp_path / "example.yaml").write_text(text)
    resources, errors = read_source(tmp_path)
    assert not resources
    assert "hosts are declared in Kubernetes; `homeostat up` serves the one of --connect" in str(errors[0])


def test_every_kind_has_its_page() -> None:
    assert {page.stem for page in PAGES} == {kind.KIND.lower() for kind in (*KINDS, Host)}
