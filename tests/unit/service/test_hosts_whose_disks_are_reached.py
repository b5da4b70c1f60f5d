"""By which libvirt a host's disks are reached, or which other API server can; else it is said what to do."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from homeostat.models.base import Key
from homeostat.models.host import Host, HostMeta, HostStatus
from homeostat.service.files.host_reach import HostReach, OnAnotherApi
from homeostat.service.refusals import ExportRefused
from homeostat.store.files.hosts import KnownHost, write_hosts
from homeostat.store.files.serving import say_served
from homeostat.store.files.state import StateFolder

LOCAL, FAR = "test:///default", "qemu+ssh://rack7/system"


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder.open(tmp_path / "state")


def cluster(state: StateFolder, **status: str) -> HostReach:
    """Host a, with a status where there is anything to say."""
    host = Host(metadata=HostMeta(name="a"), status=HostStatus(**status) if status else None)  # type: ignore[arg-type]

    async def get(kind: type[Host], key: Key) -> Host | None:
        return host if kind is Host and key == host.key else None

    return HostReach(state, SimpleNamespace(get=get), clustered=True)  # type: ignore[arg-type]


async def refusal(reach: HostReach, host: str | None) -> ExportRefused:
    with pytest.raises(ExportRefused) as refused:
        await reach.libvirt_of(host, "web")
    assert refused.value.details["name"] == "web"
    return refused.value


async def test_in_a_folder_it_is_the_one_libvirt_or_that_of_the_host(state: StateFolder) -> None:
    reach = HostReach(state, SimpleNamespace(), clustered=False)  # type: ignore[arg-type]
    assert (await refusal(reach, "local")).why == "elsewhere", "nothing was started here"
    state.remember_libvirt(LOCAL)
    assert await reach.libvirt_of("local", "web") == await reach.libvirt_of(None, "web") == LOCAL
    write_hosts(state, {"a": KnownHost(LOCAL), "b": KnownHost(FAR), "c": KnownHost(LOCAL, served=False, used=True)})
    assert await reach.libvirt_of("b", "web") == FAR
    for unserved in ("c", "d", None):
        refused = await refusal(reach, unserved)
        assert refused.why == "elsewhere" and f"web is on host {unserved}, which is not served" in str(refused)
    state.hosts_file.write_text("{")
    assert (await refusal(reach, "a")).why == "failed"


async def test_in_a_cluster_the_operator_of_the_host_is_beside_us_or_beside_another(state: StateFolder) -> None:
    say_served(state, "one", {"a": LOCAL})
    assert await cluster(state, operator="one").libvirt_of("a", "web") == LOCAL
    assert await cluster(state, operator="one", api="http://a:1").libvirt_of("a", "web") == LOCAL
    with pytest.raises(OnAnotherApi) as there:
        await cluster(state, operator="two", api="http://a:1").libvirt_of("a", "web")
    assert (there.value.host, there.value.address) == ("a", "http://a:1")


@pytest.mark.parametrize(
    ("status", "host", "why", "said"),
    [
        ({"operator": "two"}, "a", "elsewhere", "(--api-address)"),
        ({}, "a", "elsewhere", "no operator serves"),
        ({"api": "http://a:1"}, "a", "elsewhere", "no operator serves"),
        ({"operator": "one"}, "b", "elsewhere", "no operator serves"),
        ({"operator": "one"}, None, "not_there", "on no host yet"),
    ],
)
async def test_what_nobody_reaches_is_refused(
    state: StateFolder, status: dict[str, str], host: str | None, why: str, said: str
) -> None:
    say_served(state, "one", {"a": LOCAL})
    refused = await refusal(cluster(state, **status), host)
    assert refused.why == why and said in str(refused)
