from __future__ import annotations

import pytest
import requests

from tests.api.harness import Api


def test_v54_the_python_sample_reads_the_list(api: Api, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The contract's own lines; its second half needs a plugin."""
    api.create_running(name, config={"resources": {"vcpu": 1}})
    response = requests.get(f"http://localhost:{api.port}/api/v1/vms", timeout=10)
    vms = response.json()

    for vm in vms:
        print(f"{vm['name']}: {vm['status']} ({vm['ip']})")
    assert f"{name}: running (10.0.0.10)" in capsys.readouterr().out
