"""What is said of resources is said in the names that they were given, where its reader sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeostat.accounts.actor import Actor
from homeostat.accounts.rights import Right, Role
from homeostat.models.machine import VirtualMachine
from homeostat.service.naming.given_names import in_given_names
from homeostat.service.naming.marks import GIVEN_NAME, resource_name
from tests.unit.serving import Written, resource

GIVEN = "My Server"
NAME = resource_name(GIVEN)


def shelf() -> Written:
    mine = resource(VirtualMachine, NAME)
    meta = mine.metadata.model_copy(update={"annotations": {GIVEN_NAME: GIVEN}})
    return Written(mine.model_copy(update={"metadata": meta}), resource(VirtualMachine, "web"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{NAME} is being deleted", "My Server is being deleted"),
        (f"VirtualMachine {NAME}: detach it first, {NAME}.", "VirtualMachine My Server: detach it first, My Server."),
        (f"taken by VirtualMachine/{NAME}", "taken by My Server"),
        (f"'{NAME}' ({NAME}), or {NAME}, which runs", "'My Server' (My Server), or My Server, which runs"),
        (f"its file /vm/{NAME}/root.qcow2 is gone", f"its file /vm/{NAME}/root.qcow2 is gone"),
        (f"ws://{NAME}/x and /isos/{NAME}.iso", f"ws://{NAME}/x and /isos/{NAME}.iso"),
        (f"{NAME}-b, a-{NAME}, {NAME}.img", f"{NAME}-b, a-{NAME}, {NAME}.img"),
        (f"a domain named 'default--{NAME}', or other--{NAME}", f"a domain named 'My Server', or other--{NAME}"),
        ("web is already running", "web is already running"),
        ("", ""),
    ],
)
async def test_words_that_are_names(tmp_path: Path, text: str, told: str) -> None:
    assert await in_given_names(shelf().desk(tmp_path), text, {}) == told


async def test_what_somebody_wrote_himself(tmp_path: Path) -> None:
    desk = Written().desk(tmp_path)
    assert await in_given_names(desk, f"The name {NAME} is taken", {NAME: GIVEN}) == "The name My Server is taken"
    assert await in_given_names(desk, f"The name {NAME} is taken", {}) == f"The name {NAME} is taken"


async def test_of_others_he_learns_no_given_name(tmp_path: Path) -> None:
    eve = Actor("session", Role.USER, "eve", frozenset(Right))
    assert await in_given_names(shelf().desk(tmp_path, eve), f"{NAME} runs", {}) == f"{NAME} runs"
