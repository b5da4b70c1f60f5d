"""docs/configuration.md heads each table of homeostat.toml as that is written."""

from __future__ import annotations

import re
from pathlib import Path

from homeostat.cli.configuration.reading import load

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def test_each_table_is_taken_by_the_name_that_it_has_there(tmp_path: Path) -> None:
    tables = re.findall(r"^\| \*\*`(\[.*\])`\*\* \|", PAGE.read_text(), re.MULTILINE)
    assert "[api]" in tables
    provider = '\nissuer = "https://a.example"\nclient-id = "h"'  # without these its table says nothing
    file = tmp_path / "homeostat.toml"
    file.write_text("\n".join(table + (provider if "oidc" in table else "") for table in tables))
    load(file)
