from __future__ import annotations

import hashlib

from tests.api.living import Living


def test_v42_a_wrong_checksum_is_never_booted(real: Living, name: str) -> None:
    right = "sha256:" + hashlib.sha256(b"\x00" * 4096).hexdigest()
    wrong = "sha256:" + 64 * "0"
    for plugin, checksum in ((f"right-{name}", right), (f"wrong-{name}", wrong)):
        real.install(plugin, kernel={"url": real.kernel(), "checksum": checksum})
        real.api.create(f"vm-{plugin}", plugin=plugin)
    real.until(lambda: real.api.get(f"vm-right-{name}")["status"] == "running", "the right one runs")

    def refused() -> bool:
        images = real.http.get(f"/api/v1/plugins/wrong-{name}").json().get("images", {})
        return images.get("ready") is False and "sha256" in images["message"].lower()

    real.until(refused, "the plugin says why")
    assert real.api.get(f"vm-wrong-{name}")["status"] != "running"
