"""A machine's networkRef: followed to libvirt's network where there is one, and told where not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from homeostat.models.base import Key, Resource
from homeostat.models.network import Network
from homeostat.models.plugin import Plugin
from homeostat.planner.machine.host.claims import claims_of
from homeostat.planner.machine.host.fit import misfit
from homeostat.planner.network.identity import network_name, network_uuid
from homeostat.planner.observed import Observed
from homeostat.planner.plan import Stalled
from homeostat.runtime.machine.effective import Effective
from homeostat.runtime.network.users import told, users_of
from homeostat.store.errors import Invalid
from tests.unit.machines import machine
from tests.unit.network_world import network
from tests.unit.world import HOST

ON_LAN: dict[str, Any] = {"nics": [{"name": "n", "networkRef": {"name": "lan"}}]}


class Store:
    def __init__(self, *resources: Resource) -> None:
        self._resources = resources

    async def get(self, kind: type[Any], key: Key) -> Any:
        if key.name == "broken":
            raise Invalid([], "it is broken")
        return next((one for one in self._resources if one.key == key), None)

    async def list(self, kind: type[Any], namespace: str | None = None) -> list[Any]:
        return [one for one in self._resources if isinstance(one, kind) and namespace in (None, one.metadata.namespace)]


@pytest.mark.parametrize(
    ("known", "libvirts"),
    [
        (network("lan"), "lan"),
        (network("lan", namespace="shop"), "shop--lan"),
        (network("lan", adopt="virbr"), "virbr"),
    ],
)
async def test_it_is_followed_to_the_name_on_the_host(known: Network, libvirts: str) -> None:
    vm = machine(namespace=known.metadata.namespace, **ON_LAN)
    made, refusal = await Effective(Store(known)).machine(vm)
    assert refusal is None and made.spec.nics[0].network == libvirts == network_name(known)
    assert f"on network {libvirts}" in " ".join(str(claim) for claim in claims_of(made, ""))
    shown = await Effective(Store(known)).shown(vm)
    assert shown == vm, "readers get what can be written again"


async def test_one_that_is_missing_or_broken_is_told() -> None:
    _, missing = await Effective(Store(network("lan", namespace="other"))).machine(machine(**ON_LAN))
    assert isinstance(missing, Stalled) and missing.reason == "NetworkNotFound" and "nics[n].networkRef" in missing.message
    broken = {"nics": [{"name": "n", "networkRef": {"name": "broken"}}]}
    _, refusal = await Effective(Store()).machine(machine(**broken))
    assert isinstance(refusal, Stalled) and refusal.reason == "NetworkInvalid"


@pytest.mark.parametrize(
    ("known", "active", "uuids", "ready"),
    [
        (network("lan"), {"lan"}, {"lan": network_uuid(network("lan").identity)}, True),
        (network("lan"), {"lan"}, {"lan": "of somebody else"}, False),
        (network("lan"), {"lan"}, {}, False),
        (network("lan"), set(), {}, False),
        (network("lan", adopt="virbr"), {"virbr"}, {"virbr": "of somebody else"}, True),
        (network("lan", adopt="virbr"), {"lan"}, {}, False),
    ],
)
async def test_it_waits_until_that_very_network_is_up(
    known: Network, active: set[str], uuids: dict[str, str], ready: bool
) -> None:
    made, _ = await Effective(Store(known)).machine(machine(**ON_LAN))
    host = replace(HOST, networks=frozenset(active), network_uuids=uuids)
    found = misfit(made, Observed(host, None))
    assert (found is None) == ready
    assert ready or (found is not None and found.reason == "NetworkNotReady" and "describe network lan" in found.message)


async def test_who_uses_it() -> None:
    plugin = Plugin.model_validate(
        {"metadata": {"name": "page"}, "spec": {"version": "1", "rootfs": {"url": "https://example.org/a"}, **ON_LAN}}
    )
    by_name = {"nics": [{"name": "n", "network": "lan"}]}
    others = [
        machine(name="other", **{"nics": [{"name": "n", "network": "default"}]}),
        machine(name="far", namespace="b", **ON_LAN),
    ]
    store = Store(machine(**ON_LAN), machine(name="raw", namespace="b", **by_name), plugin, *others)
    assert [told(user, network("lan")) for user in await users_of(network("lan"), store)] == ["vm/web", "vm/b/raw", "plugin/page"]
