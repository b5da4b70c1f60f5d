"""An operator that was just started has only an earlier one's word for what serves: it takes nothing away on that."""

from __future__ import annotations

from pathlib import Path

from tests.libvirt.site import key_of, living, numbered


async def test_two_that_ended_meanwhile_keep_the_third(tmp_path: Path) -> None:
    """One fewer is wanted, and the statuses say that three run; the highest would go."""
    async with living(tmp_path) as site:
        site.deploy("web", 3)
        site.start()
        await site.settled("web", *numbered("web", 3))
        await site.at_rest()
        await site.stop()

        handle = site.host._connection.handle
        for name in ("web-1", "web-2"):
            handle.lookupByName(name).destroy()
        await site.host.resync()
        site.deploy("web", 2)
        ran: list[list[str]] = []
        site.start()
        delete = site.store.delete_owned

        async def watched(*arguments: object) -> None:
            ran.append(site.running())
            await delete(*arguments)  # type: ignore[arg-type]

        site.store.delete_owned = watched  # type: ignore[method-assign]
        site.operator.queue.add(key_of("web"))  # before any of its machines
        await site.settled("web", *numbered("web", 2))
        assert ran == [[*numbered("web", 3)]], "it goes once the others serve again"
