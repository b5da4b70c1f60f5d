"""A browser whose clock is wrong: ages are counted by the server's."""

from __future__ import annotations

from pathlib import Path

from tests.api.living import Living
from tests.page.steps import SMALL, running
from tests.rig.browser import browse

SLOW = "Date.now = (now => () => now() - 7 * 86400000)(Date.now)"
AGES = "[...document.querySelectorAll('.facts time')].map(one => one.innerText)"


def test_ages_are_the_servers(real: Living, name: str, tmp_path: Path) -> None:
    running(real, name, SMALL)
    with browse(f"{real.api.http.base_url}/", tmp_path / "profile") as page:
        page.before_load(SLOW)
        page.go(f"{real.api.http.base_url}/?#/virtualmachines/{name}")
        page.wait(f"{AGES}.length === 2", "it is drawn")
        page.wait(f"Date.now() < Date.parse('{real.http.get(f'/api/v1/vms/{name}').headers['Date']}') - 86400000", "the clock is")
        page.wait(f"{AGES}.every(age => /^\\d+s$/.test(age) && age !== '0s')", "they grow by the second")
