"""Fixtures that run real parts: a private libvirtd, the guest image, and a Kubernetes control plane."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.guest import GuestImage, build_guest_image
from tests.rig.kubernetes.crds import install_crds, wait_documented
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.namespaces import fresh_namespace
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Libvirtd]:
    """Yields a private libvirtd for the whole session. A test that kills it has to restart it (start() is enough)."""
    with Libvirtd() as rig:
        yield rig


@pytest.fixture(scope="session")
def guest_image(libvirtd: Libvirtd) -> GuestImage:
    """Returns the small guest, built once per machine and copied to where libvirt-qemu can read it."""
    return build_guest_image(libvirtd.storage)


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Yields a Kubernetes control plane for the whole session, one per worker. A test that kills its API server starts it
    again."""
    with ControlPlane(tmp_path_factory.mktemp("plane")) as started:
        yield started


@pytest.fixture(scope="session")
def crds(plane: ControlPlane) -> list[str]:
    """Installs Homeostat's kinds with their descriptions, and returns the names of their definitions."""
    plane.start_apiserver()
    names = install_crds(plane)
    wait_documented(plane)
    return names


@pytest.fixture
def namespace(plane: ControlPlane) -> Iterator[str]:
    """Yields a new one, which goes with all that is in it."""
    with fresh_namespace(plane) as name:
        yield name


@pytest.fixture
def kubectl(plane: ControlPlane, namespace: str) -> Kubectl:
    """Returns the administrator's, in a new namespace."""
    return plane.kubectl.within(namespace)


@pytest.fixture
def controllers(plane: ControlPlane) -> ControlPlane:
    """Skips tests that need deleted namespaces to go away, or garbage collection by owner, where there are no controllers."""
    if not plane.has_controllers:
        pytest.skip("KUBEBUILDER_ASSETS holds no kube-controller-manager: nothing collects what is left behind")
    return plane
