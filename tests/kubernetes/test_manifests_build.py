"""Every overlay is built by any kubectl, and its pods may no more than they must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.models.crd import crds
from tests.kubernetes.manifests import CLUSTER_WIDE, NAMESPACE, OVERLAYS, Object, build, of_kind, programs, workloads

PODS = [(overlay, name) for overlay in OVERLAYS for name in ("homeostat-operator", "homeostat-api")]
RIGHTS_OF_ROOT = ["CHOWN", "DAC_OVERRIDE"]


def identity(one: Object) -> tuple[str, str, str]:
    return one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("program", programs(), ids=str)
def test_every_kubectl_makes_the_same_of_it(overlay: str, program: Path) -> None:
    made = sorted(build(overlay, program), key=identity)
    assert made == sorted(build(overlay), key=identity)
    assert len({identity(one) for one in made}) == len(made)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_it_holds_the_definitions_and_one_namespace(overlay: str) -> None:
    assert {one["metadata"]["name"]: one for one in of_kind(overlay, "CustomResourceDefinition")} == crds()
    assert [one["metadata"]["name"] for one in of_kind(overlay, "Namespace")] == [NAMESPACE]
    for one in build(overlay):
        assert one["metadata"].get("namespace") == (None if one["kind"] in CLUSTER_WIDE else NAMESPACE), identity(one)


@pytest.mark.parametrize(("overlay", "name"), PODS)
def test_containers_have_bounds_probes_and_a_root_that_nobody_writes_to(overlay: str, name: str) -> None:
    pod = workloads(overlay)[name]["spec"]["template"]["spec"]
    for container in pod["containers"]:
        resources, security = container["resources"], container["securityContext"]
        assert {"cpu", "memory", "ephemeral-storage"} == set(resources["limits"]) == set(resources["requests"])
        assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
        assert security["capabilities"]["drop"] == ["ALL"] and not security.get("privileged")
        assert container["livenessProbe"]["httpGet"]["path"] == container["startupProbe"]["httpGet"]["path"] == "/healthz"
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        ports = {port["name"] for port in container["ports"]}
        assert {container[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "liveness", "readiness")} <= ports
        assert container["image"].startswith("homeostat:") and not container["image"].endswith(":latest")
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert {"/tmp", "/var/lib/homeostat"} <= {mount["mountPath"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize(("overlay", "name"), PODS)
def test_only_beside_libvirt_it_is_root_and_without_most_rights_of_root(overlay: str, name: str) -> None:
    pod = workloads(overlay)[name]["spec"]["template"]["spec"]
    beside_libvirt = (overlay, name) == ("per-host", "homeostat-operator")
    security = pod["securityContext"]
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security.get("runAsNonRoot", False) is not beside_libvirt
    assert (security["runAsUser"] == 0) is beside_libvirt
    added = [right for c in pod["containers"] for right in c["securityContext"]["capabilities"].get("add", ())]
    assert added == (RIGHTS_OF_ROOT if beside_libvirt else [])
    assert bool(pod.get("hostNetwork")) is beside_libvirt
    assert not pod.get("hostPID") and not pod.get("hostIPC")
    assert [v["name"] for v in pod["volumes"] if "hostPath" in v] == (["state", "libvirt", "kvm"] if beside_libvirt else [])


@pytest.mark.parametrize(("overlay", "name"), PODS)
def test_whoever_is_not_root_keeps_its_state_in_a_folder_of_its_own(overlay: str, name: str) -> None:
    """The root of a volume is root's: nobody else can give it away."""
    pod = workloads(overlay)[name]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    args = " ".join(container["args"]).replace("--state=", "--state ").split()
    state = args[args.index("--state") + 1]
    assert state == ("/var/lib/homeostat" if pod["securityContext"]["runAsUser"] == 0 else "/var/lib/homeostat/state")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_namespace_admits_just_these_pods(overlay: str) -> None:
    (namespace,) = of_kind(overlay, "Namespace")
    level = namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert level == ("privileged" if overlay == "per-host" else "restricted")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_meet_pods_and_accounts_exist(overlay: str) -> None:
    accounts = {one["metadata"]["name"] for one in of_kind(overlay, "ServiceAccount")}
    labels = {name: one["spec"]["template"]["metadata"]["labels"] for name, one in workloads(overlay).items()}
    for name, one in workloads(overlay).items():
        assert one["spec"]["template"]["spec"]["serviceAccountName"] == name and name in accounts
        assert one["spec"]["selector"]["matchLabels"].items() <= labels[name].items()
    for kind, selector in selectors(overlay):
        met = [name for name, own in labels.items() if selector.items() <= own.items()]
        assert len(met) == (2 if not selector else 1), (kind, selector)


def selectors(overlay: str) -> Iterator[tuple[str, dict[str, str]]]:
    for one in of_kind(overlay, "Service"):
        yield "Service", one["spec"]["selector"]
    for one in of_kind(overlay, "PodDisruptionBudget"):
        yield "PodDisruptionBudget", one["spec"]["selector"]["matchLabels"]
    for one in of_kind(overlay, "NetworkPolicy"):
        yield "NetworkPolicy", one["spec"]["podSelector"].get("matchLabels", {})


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_evicted_has_a_budget_that_lets_a_drain_go_on(overlay: str) -> None:
    budgets = {one["metadata"]["name"]: one["spec"]["minAvailable"] for one in of_kind(overlay, "PodDisruptionBudget")}
    expected = {} if overlay == "dev" else {name: 1 for name, one in workloads(overlay).items() if one["kind"] == "Deployment"}
    assert budgets == expected
    for name in budgets:
        assert workloads(overlay)[name]["spec"]["replicas"] > 1


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_granted_by_wildcard_and_no_secret_to_anybody(overlay: str) -> None:
    for role in of_kind(overlay, "ClusterRole", "Role"):
        for rule in role["rules"]:
            assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
            assert set(rule["apiGroups"]) <= {"homeostat.dev", "", "coordination.k8s.io", "apiextensions.k8s.io"}
            assert not {"secrets", "pods", "nodes"} & set(rule["resources"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_token_lies_in_it_but_for_development(overlay: str) -> None:
    assert [one["metadata"]["name"] for one in of_kind(overlay, "Secret")] == (
        ["homeostat-api-token"] if overlay == "dev" else []
    )
