"""The history of a machine's spec: who changed what, and the way back, with its plan."""

from __future__ import annotations

from tests.api.living import Living
from tests.page.conftest import Opens
from tests.page.steps import SMALL, plan, press, running, spec_of
from tests.rig.waiting import wait_until


def test_the_first_spec_is_back(real: Living, opens: Opens, name: str) -> None:
    running(real, name, SMALL)
    for memory in ("96Mi", "128Mi"):
        real.http.patch(f"/api/v1/vms/{name}/spec", json={"resources": {"memory": memory}}).raise_for_status()
    with opens(f"virtualmachines/{name}/history") as page:
        page.shows("Generation 3")
        assert "resources.memory" in page.text() and "It was created" in page.text()
        press(page, "Back to this")  # the last button: of the first generation
        said = plan(page)
        assert f"Take {name} back to generation 1" in said and "128Mi" in said and "64Mi" in said
        press(page, "Back to this")
        wait_until(lambda: spec_of(real, name) == SMALL, 20, "it is as it was")
        page.shows("Generation 4")
