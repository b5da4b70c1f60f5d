"""Fixtures that run real parts: a private libvirtd, the guest image, and a Kubernetes control plane."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from tests.rig.guest import GuestImage, build_guest_image
from tests.rig.kubernetes.crds import install_crds, wait_documented
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


@pytest.fixture(scope="session")
def libvirtd() -> Iterator[Libvirtd]:
    """A private libvirtd for the whole session; a test that kills it has to restart it (start() is enough)."""
    with Libvirtd() as rig:
        yield rig


@pytest.fixture(scope="session")
def guest_image(libvirtd: Libvirtd) -> GuestImage:
    """The small guest, built once per machine and copied to where libvirt-qemu can read it."""
    return build_guest_image(libvirtd.storage)


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes control plane for the whole session, one per worker; whoever kills its API server starts it again."""
    with ControlPlane(tmp_path_factory.mktemp("plane")) as started:
        yield started


@pytest.fixture(scope="session")
def crds(plane: ControlPlane) -> list[str]:
    """Homeostat's kinds are installed and described; the names of their definitions."""
    plane.start_apiserver()
    names = install_crds(plane)
    wait_documented(plane)
    return names


@pytest.fixture
def namespace(plane: ControlPlane) -> Iterator[str]:
    """A fresh one. Its objects are deleted afterwards, without waiting for it."""
    plane.start_apiserver()  # where the test before left it dead
    name = f"t-{secrets.token_hex(4)}"
    plane.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    plane.start_apiserver()
    plane.api("DELETE", f"/api/v1/namespaces/{name}")


@pytest.fixture
def kubectl(plane: ControlPlane, namespace: str) -> Kubectl:
    """As the administrator, in a fresh namespace."""
    return plane.kubectl.within(namespace)


@pytest.fixture
def controllers(plane: ControlPlane) -> ControlPlane:
    """For tests that rest on deleted namespaces going away, or on garbage collection by owner."""
    if not plane.has_controllers:
        pytest.skip("KUBEBUILDER_ASSETS holds no kube-controller-manager: nothing collects what is left behind")
    return plane
