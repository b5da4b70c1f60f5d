"""A host that `--host` names, and whose document has gone: the next start keeps it, although machines are on it."""

from __future__ import annotations

from pathlib import Path

from tests.libvirt.spread import spread


async def test_the_next_start_keeps_it_without_what_the_document_said(tmp_path: Path) -> None:
    async with spread(tmp_path) as site:
        site.write("Host", "a", {"maintenance": True}, labels={"disk": "ssd"})
        site.write("Host", "b", {})
        site.start()
        site.write("Host", "a", {}, labels={"disk": "ssd"})
        site.vm("one", hostSelector={"disk": "ssd"})
        await site.until(lambda: site.ready("one"), "a machine is on it")
        site.write("Host", "a", {"maintenance": True}, labels={"disk": "ssd"})
        site.remove("a")
        await site.until(lambda: (host := site.host("a")) is not None and host.deleting, "it is being deleted")
        waits = "goes with what is on it: VirtualMachine/default/one"
        await site.until(lambda: (one := site.condition("a", "Schedulable", "Host")) and waits in one.message, "it says so")
        runs = site.runs()
        await site.stop()
        site.start()
        await site.until(lambda: (host := site.host("a")) is not None and not host.deleting, "it is kept")
        host = site.host("a")
        assert host is not None and not host.spec.maintenance and not host.metadata.labels
        site.vm("two", "a")
        await site.until(lambda: site.ready("two"), "it takes machines again")
        assert site.placed("two") == "a" and site.runs().items() >= runs.items()
