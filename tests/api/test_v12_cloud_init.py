from __future__ import annotations

from tests.api.harness import Api

USER_DATA = "#cloud-config\npackages:\n  - curl\n"


def test_v12_user_data_is_part_of_the_machine(api: Api, name: str) -> None:
    api.create(name, config={"cloud_init": {"user_data": USER_DATA}})
    assert api.http.get(f"/api/v1/vms/{name}/spec").json()["cloudInit"]["userData"] == USER_DATA
    assert api.http.get(f"/api/v1/vms/{name}/config").json()["cloud_init"] == {"enabled": True}
