"""What holds for the kinds on Kubernetes 1.20 holds on the newest that build-newest could make, too: the same tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.kubernetes.assets import BUILD_NEWEST, Assets
from tests.rig.kubernetes.crds import CRDS
from tests.rig.kubernetes.kubectl import as_yaml
from tests.rig.kubernetes.plane import ControlPlane

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATTERNS = ("test_crds_*.py", "test_kubectl_*.py", "test_server_side_apply.py", "test_status_is_apart_from_spec.py")
SAME = sorted(path for pattern in PATTERNS for path in HERE.glob(pattern) if path != Path(__file__))
TIMEOUT = 600.0  # seconds; 45 s on an idle machine


@pytest.fixture(scope="module")
def newest() -> Assets:
    found = Assets.newest()
    if found is None:
        pytest.skip(f"no newest API server: run {BUILD_NEWEST.relative_to(ROOT)} once (about 4 minutes)")
    return found


def test_the_same_tests_pass(newest: Assets) -> None:
    """In a test run of its own: a session has one control plane."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Killed with the worker that runs this test, and its control plane with it.
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, SAME)]
    done = subprocess.run(
        command,
        env=environment | {"KUBEBUILDER_ASSETS": str(newest.directory)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_nothing_is_warned_of(newest: Assets, tmp_path: Path) -> None:
    """Newer servers warn of what they will refuse one day, and of formats that they do not know."""
    with ControlPlane(tmp_path / "plane", assets=newest) as plane:
        strictly = ("--server-side", "--validate=strict", "--warnings-as-errors")
        plane.kubectl("apply", *strictly, "-k", str(CRDS))
        for name in sorted(path.stem for path in CRDS.glob("*.homeostat.dev.yaml")):
            plane.kubectl("wait", f"crd/{name}", "--for=condition=Established", "--timeout=30s")
        for path in sorted((ROOT / "examples").rglob("*.yaml")):
            plane.kubectl("apply", *strictly, "-f", str(path))
        # What is said where something is wrong: else this test would pass with a kubectl that is mute.
        odd = (CRDS / "hosts.homeostat.dev.yaml").read_text().replace("format: date-time", "format: quantity")
        assert 'unrecognized format "quantity"' in plane.kubectl.refused("apply", *strictly, "-f", "-", stdin=as_yaml(odd))
