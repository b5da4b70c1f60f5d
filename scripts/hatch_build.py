"""Builds the pages that browsers are served before a wheel is made of this clone, where npm is there; hatchling calls it.

An editable installation builds nothing here: `make web` does.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildPages(BuildHookInterface):  # type: ignore[type-arg]
    """Runs scripts/build-web, unless the pages are built. A wheel without them works, and its server says how to get them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        if version == "editable" or (root / "api" / "homeostat_api" / "static" / "web" / "page" / "main.js").exists():
            return
        if shutil.which("npm") is None:
            self.app.display_warning(
                "No npm: the wheel is built without the page, and everything else works. `make web` builds it."
            )
            return
        subprocess.run([root / "scripts" / "build-web"], check=True)
