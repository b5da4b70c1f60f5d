"""What cannot be moved is said all at once, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.store.files.state import StateFolder
from tests.kubernetes.migrating import Moving, moving
from tests.kubernetes.things import machine
from tests.rig.kubernetes.earlier import without_the_field
from tests.rig.kubernetes.plane import ControlPlane
from tests.rig.libvirtd import Libvirtd


@pytest.fixture
def town(crds: list[str], plane: ControlPlane, libvirtd: Libvirtd) -> Iterator[Moving]:
    with moving(plane, libvirtd) as made:
        yield made


def _refused(town: Moving, *options: str, kubeconfig: Path | None = None) -> str:
    """What it said; the folder's state is the folder's still, and nothing was put into the cluster."""
    before = town.left_in_cluster()
    done = town.migrate("--to-cluster", *options, kubeconfig=kubeconfig)
    assert done.returncode == 1, done
    assert town.left_in_cluster() == before
    StateFolder.open(town.state).claim(town.folder)
    return done.stderr


def test_broken_yaml(town: Moving) -> None:
    (town.folder / "broken.yaml").write_text("kind: VirtualMachine\nmetadata: {name: b}\nspec: {vcpus: 2}\n")

    assert "broken.yaml" in _refused(town)


def test_a_name_that_is_taken(town: Moving) -> None:
    town.plane.kubectl.create(machine(named="db"))

    assert "VirtualMachine/default/db exists in the cluster already" in _refused(town)


def test_a_host_that_has_other_machines(town: Moving) -> None:
    document = machine(named="stranger")
    document["metadata"]["finalizers"] = ["node.host.homeostat.dev/teardown"]
    town.plane.kubectl.create(document)

    assert "host node of the cluster has VirtualMachine/default/stranger" in _refused(town)


def test_a_cluster_whose_definitions_lack_a_field(town: Moving) -> None:
    """The folder keeps its state; with today's definitions another run goes on."""
    with without_the_field(town.plane, "virtualmachines", "spec", "nics"):
        done = town.migrate("--to-cluster")
        assert done.returncode == 1, done
        assert "spec.nics: is not in the cluster's definition of virtualmachines.homeostat.dev" in done.stderr
        assert town.left_in_cluster().get("virtualmachines", []) == []
        StateFolder.open(town.state).claim(town.folder)
    assert town.migrate("--to-cluster").returncode == 0


def test_no_api_server(town: Moving, tmp_path: Path) -> None:
    nowhere = tmp_path / "kubeconfig"
    nowhere.write_text(town.plane.kubeconfig.read_text().replace(town.plane.url, "https://127.0.0.1:1"))

    assert "does not answer" in _refused(town, kubeconfig=nowhere)


def test_an_operator_that_runs(town: Moving) -> None:
    with StateFolder.open(town.state).operator_lock():
        assert "stop it first" in _refused(town)


def test_a_folder_that_says_more_than_the_cluster_has(town: Moving) -> None:
    assert town.migrate("--to-cluster").returncode == 0
    town.write("late", {})

    done = town.migrate("--to-folder")
    assert done.returncode == 1
    assert "declares VirtualMachine/default/late" in done.stderr
    assert town.left_in_cluster()["virtualmachines"] == ["db"]


def test_a_dry_run(town: Moving) -> None:
    done = town.migrate("--to-cluster", "--dry-run")

    assert (done.returncode, "+ VirtualMachine/default/db" in done.stdout) == (0, True)
    assert town.left_in_cluster() == {}
    StateFolder.open(town.state).claim(town.folder)
