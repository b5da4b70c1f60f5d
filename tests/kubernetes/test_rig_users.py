"""Who the rig's users are: alice may nothing, a service account what it was given, and the server proves who it is."""

from __future__ import annotations

import ssl
import stat
import urllib.error
import urllib.request

import pytest

from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane


def test_alice_may_not(plane: ControlPlane, namespace: str) -> None:
    message = plane.kubectl_as("alice").within(namespace).refused("get", "secrets")

    assert 'User "alice" cannot list resource "secrets"' in message


def test_a_service_account_may_what_its_role_says(plane: ControlPlane, kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "reader")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
    kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={kubectl.namespace}:reader")
    reader = plane.kubectl_with(plane.kubeconfig_of_service_account(kubectl.namespace, "reader")).within(kubectl.namespace)

    assert isinstance(reader.list("configmaps"), list)
    assert f'User "system:serviceaccount:{kubectl.namespace}:reader" cannot create' in reader.refused("create", "configmap", "x")


def test_credentials_are_ours_alone(plane: ControlPlane) -> None:
    assert stat.S_IMODE(plane.kubeconfig.stat().st_mode) == 0o600
    assert stat.S_IMODE(plane.credentials.token_file.stat().st_mode) == 0o600


def test_a_server_that_nobody_vouches_for_is_not_talked_to(plane: ControlPlane) -> None:
    with pytest.raises(urllib.error.URLError) as refused:
        urllib.request.urlopen(f"{plane.url}/readyz", context=ssl.create_default_context())

    assert isinstance(refused.value.reason, ssl.SSLCertVerificationError)
