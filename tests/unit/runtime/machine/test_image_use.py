"""Whom an image concerns, and which images the cache must keep."""

from __future__ import annotations

from homeostat.models.base import Key
from homeostat.planner.actions import ImageRef
from homeostat.runtime.machine.images import ImageUse

WEB, DB = Key("VirtualMachine", "default", "web"), Key("VirtualMachine", "default", "db")
DEBIAN, KERNEL = ImageRef("https://images.example/debian.qcow2"), ImageRef("file:///boot/vmlinuz", format="raw")


def test_progress_concerns_those_who_name_the_image() -> None:
    use = ImageUse()
    use.note(WEB, [DEBIAN, KERNEL])
    use.note(DB, [DEBIAN])
    assert use.users(DEBIAN.key) == [WEB, DB]
    assert use.users(KERNEL.key) == [WEB]
    use.note(WEB, [KERNEL])
    assert use.users(DEBIAN.key) == [DB]


def test_what_any_names_is_in_use_until_it_is_forgotten() -> None:
    use = ImageUse()
    use.note(WEB, [KERNEL])
    use.note(DB, [DEBIAN])
    assert use.in_use() == {KERNEL.key, DEBIAN.key}
    use.forget(DB)
    assert use.in_use() == {KERNEL.key}


def test_images_are_known_only_once_every_resource_was_looked_at() -> None:
    use = ImageUse()
    use.note(WEB, [])
    assert use.knows([WEB])
    assert not use.knows([WEB, DB])
