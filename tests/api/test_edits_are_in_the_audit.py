"""What is edited past the API is in the audit, once, also on two workers, and after a server was killed; which token was shown,
too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from homeostat.accounts.rights import Role
from homeostat.store.files.state import StateFolder
from homeostat.store.files.store import FilesStore
from homeostat.store.index.unaudited import Editor
from tests.api import inside
from tests.api.harness import DEADLINE, Api, serving
from tests.api.people import Person, bearer, settle
from tests.rig.waiting import wait_until

DISK = "apiVersion: homeostat.dev/v1alpha1\nkind: Disk\nmetadata: {{name: {name}}}\nspec: {{size: {size}}}\n"


def commands(api: Api) -> FilesStore:
    return FilesStore.open(api.folder, StateFolder.open(api.state), editor=Editor("cli", "ann"))


def entries(root: Person, query: str = "kind=Disk") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = root.ask("GET", f"audit?{query}").json()["entries"]
    return list(reversed(found))


def told(root: Person, count: int) -> list[tuple[str, str, str, str, str]]:
    """Waits until so many are there, and returns these."""
    wait_until(lambda: len(entries(root)) >= count, DEADLINE, f"{count} entries are in the audit")
    return [(e["how"], e["author"] or e["account"], e["verb"], e["name"], e["message"]) for e in entries(root)]


@pytest.mark.skipif(inside.INSIDE, reason="it is about several workers")
def test_on_two_workers(tmp_path: Path) -> None:
    settle(tmp_path / "state", cli=Role.USER)
    with serving(tmp_path, "--workers", "2") as api:
        root, cli = Person(api.http, "root"), Person(api.http, "cli")
        assert cli.status("POST", "disks", json={"name": "api", "spec": {"size": "1Gi"}}) == 201
        store = commands(api)
        (api.folder / "file.yaml").write_text(DISK.format(name="file", size="1Gi"))
        store.sync()
        (api.folder / "file.yaml").write_text(DISK.format(name="file", size="2Gi"))
        store.create("Disk", {"metadata": {"name": "command"}, "spec": {"size": "1Gi"}}, "cli")
        store.close()
        assert told(root, 4) == [
            ("session", "cli", "create", "api", None),
            ("folder", None, "create", "file", None),
            ("folder", None, "change", "file", "spec.size"),
            ("cli", "ann", "create", "command", None),
        ]
        assert [e["name"] for e in entries(root, "author=ann")] == ["command"]
        assert [e["name"] for e in entries(root, "account=cli&kind=Disk")] == ["api"], "an account of that name is another"
        assert {e["account"] for e in entries(cli, "")} == {"cli"}, "who is no moderator sees no edits of the folder"


@pytest.mark.skipif(inside.INSIDE, reason="nothing is killed there")
def test_after_a_server_was_killed(tmp_path: Path) -> None:
    settle(tmp_path / "state")
    with serving(tmp_path) as api:
        api.process.kill()
        api.process.wait()
        store = commands(api)
        store.create("Disk", {"metadata": {"name": "data"}, "spec": {"size": "1Gi"}}, "cli")
        store.close()
    with serving(tmp_path) as api:
        root = Person(api.http, "root")
        assert told(root, 1) == [("cli", "ann", "create", "data", None)]


def test_which_token_was_shown(tmp_path: Path) -> None:
    settle(tmp_path / "state", bob=Role.USER)
    with serving(tmp_path) as api:
        root, bob = Person(api.http, "root"), Person(api.http, "bob")
        made = bob.ask("POST", "tokens", json={"name": "ci", "scopes": ["see", "change"]}).json()
        (secret,) = (value for value in made.values() if isinstance(value, str) and value.startswith("hst_"))
        create = {"name": "data", "spec": {"size": "1Gi"}}
        assert api.http.post("/api/v1/disks", json=create, headers=bearer(secret)).status_code == 201
        assert bob.status("DELETE", "disks/data") in (202, 204)
        assert [(e["account"], e["how"], e["token"]) for e in entries(root)] == [
            ("bob", "api-token", "ci"),
            ("bob", "session", None),
        ]
        assert secret not in root.ask("GET", "audit").text
