"""What the tests over a cluster share: an API over a namespace of its own. Laws try the same examples in every run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.api.harness import Api, serving
from tests.api.modes import Namespace
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane

settings.register_profile("fixed", max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fixed")


@pytest.fixture(scope="module")
def api(plane: ControlPlane, crds: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serving(tmp_path_factory.mktemp("api"), where=Namespace(plane)) as running:
        yield running


@pytest.fixture
def mine(api: Api, plane: ControlPlane) -> Kubectl:
    assert isinstance(api.where, Namespace)
    return plane.kubectl.within(api.where.name)
