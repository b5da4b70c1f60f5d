"""GET /errors: mistakes in the YAML, and deletions that are held."""

from __future__ import annotations

from homeostat.models.base import Key
from tests.api.harness import Api
from tests.api.modes import Folder, of_a_folder


@of_a_folder
def test_a_held_deletion_is_told_with_its_reason_until_it_is_confirmed_by_name(own_api: Api) -> None:
    assert isinstance(own_api.where, Folder)
    for name in ("one", "two"):
        own_api.create(name)
    assert own_api.http.get("/api/v1/errors").json() == {"errors": []}
    (own_api.folder / "virtualmachines" / "one.yaml").write_text("# nothing any more\n")
    own_api.where.store.compare()
    held = own_api.http.get("/api/v1/errors").json()["errors"][0]
    assert (held["severity"], held["kind"], held["name"]) == ("Held", "VirtualMachine", "one")
    assert "says nothing any more" in held["message"] and held["path"].endswith("one.yaml")
    assert own_api.http.get("/api/v1/vms/one").status_code == 200
    own_api.where.store.delete(Key("VirtualMachine", "default", "one"), "api")
    assert own_api.http.get("/api/v1/errors").json() == {"errors": []}
