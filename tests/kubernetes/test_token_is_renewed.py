"""A token that a kubeconfig has from a file is read again once it is refused: that of a service account ends, another follows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.kubernetes.operating import SOON, operating, wait_ready
from tests.kubernetes.things import machine
from tests.rig.kubernetes.kubectl import Kubectl
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.waiting import wait_until

NAME = "rotated"


def test_an_operator_goes_on(crds: list[str], plane: ControlPlane, kubectl: Kubectl, tmp_path: Path) -> None:
    token, kubeconfig = tmp_path / "token", tmp_path / "kubeconfig"

    def renew() -> None:
        """Makes the account, which ends the tokens of the one before it, and writes a token of it as an editor does."""
        kubectl("delete", "serviceaccount", NAME, "--ignore-not-found")
        kubectl("create", "serviceaccount", NAME)
        named = json.loads(plane.kubeconfig_of_service_account(kubectl.namespace, NAME).read_text())
        user = named["users"][0]["user"]
        token.write_text(user.pop("token") + "\n")
        user["tokenFile"] = str(token)
        kubeconfig.write_text(json.dumps(named))

    renew()
    account = f"--serviceaccount={kubectl.namespace}:{NAME}"
    plane.kubectl("create", "clusterrolebinding", kubectl.namespace, "--clusterrole=cluster-admin", account)
    try:
        with operating(plane, tmp_path / "state", kubeconfig=kubeconfig) as operator:
            kubectl.create(machine(named="before"))
            wait_ready(kubectl, "before")
            before = token.read_text().strip()
            renew()
            # The server remembers for some seconds whom it let in.
            wait_until(lambda: plane.kubectl.run("get", "hosts", "--token", before).returncode, SOON, "that token is refused")
            kubectl.create(machine(named="after"))
            wait_ready(kubectl, "after", timeout=60.0)
            assert "Unauthorized" not in operator.said() and "failed" not in operator.said()
    finally:
        plane.kubectl("delete", "clusterrolebinding", kubectl.namespace)
