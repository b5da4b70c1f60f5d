"""Replicas that lack something on the host: their deployment says what, and has them as soon as it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.libvirt.site import living, numbered, plain

NETWORK = "<network><name>later</name><ip address='10.251.0.1' netmask='255.255.255.0'/></network>"


async def test_a_network_that_is_not_there_is_told_and_waited_for(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        site.deploy("web", 2, plain(nics=[{"name": "lan", "network": "later"}]))
        site.start()
        await site.until(lambda: site.condition("web", "ReplicaFailure"), "the deployment says so")
        failed, ready = site.condition("web", "ReplicaFailure"), site.condition("web", "Ready")
        said = "web-1: nics[lan]: host local has no network 'later'"
        assert failed is not None and failed.message.startswith(said)
        assert ready is not None and said in ready.message
        await site.at_rest()
        site.host._connection.handle.networkDefineXML(NETWORK).create()
        await site.settled("web", *numbered("web", 2))
        assert site.condition("web", "ReplicaFailure") is None


async def test_a_good_rollout_tells_of_no_failure(tmp_path: Path) -> None:
    async with living(tmp_path) as site:
        seen: list[str] = []

        def look() -> None:
            failed = site.condition("web", "ReplicaFailure")
            seen.append(failed.message if failed else "")

        site.checks.append(look)
        site.deploy("web", 5, plain(1))
        site.start()
        await site.settled("web", *numbered("web", 5))
        site.deploy("web", 5, plain(2))
        await site.until(lambda: {m.spec.resources.vcpu for m in site.machines().values()} == {2}, "all follow it")
        await site.settled("web", *numbered("web", 5))
        await site.stop()
        assert set(seen) == {""}


@pytest.mark.parametrize("strategy", ["RollingUpdate", "Recreate"])
@pytest.mark.parametrize("way", ["back", "on"])
async def test_what_could_not_be_added_costs_no_guest(tmp_path: Path, strategy: str, way: str) -> None:
    """A typo in the image of a new disk, whether it is taken back or mended: the guests and their other disks stay."""
    data = [{"name": "data", "size": "1Mi"}]
    typo, mended = ([*data, {"name": "more", "size": "1Mi", **image}] for image in ({"image": {"path": "/nope.qcow2"}}, {}))
    async with living(tmp_path) as site:
        site.deploy("web", 2, plain(disks=data), strategy={"type": strategy})
        site.start()
        await site.settled("web", *numbered("web", 2))
        inodes = {file: file.stat().st_ino for file in tmp_path.glob("**/data.qcow2")}
        events = site.events("web")
        site.deploy("web", 2, plain(disks=typo), strategy={"type": strategy})
        await site.until(lambda: site.condition("web", "ReplicaFailure"), "a machine cannot have it")
        site.deploy("web", 2, plain(disks=data if way == "back" else mended), strategy={"type": strategy})
        await site.until(lambda: site.condition("web", "ReplicaFailure") is None, "it is mended")
        await site.settled("web", *numbered("web", 2))
        assert len(inodes) == 2 and {file: file.stat().st_ino for file in inodes} == inodes
        later = site.events("web")[len(events) :]
        assert "MachineUpdated" in later and not {"MachineDeleted", "MachineCreated"} & set(later), later
