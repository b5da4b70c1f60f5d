"""No action is without words: a new one without them fails here, before a user meets it."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from pydantic import SecretStr

from homeostat.cli.show.plans.describe_action import action_text
from homeostat.planner import actions
from homeostat.planner.domain import DiskConfig, DomainConfig, DomainType, MovedDisk, NicConfig, Record
from homeostat.planner.files.disk_file import DiskLabel

SAMPLES: dict[object, object] = {
    str: "x",
    tuple[str, ...]: ("x",),
    bool: True,
    int: 1,
    float: 1.0,
    tuple[tuple[str, str], ...]: (("x", "/x"),),
    tuple[MovedDisk, ...]: (MovedDisk("x", "/x", "qcow2"),),
    DiskConfig: DiskConfig("root", "disk", "/x", "qcow2", "virtio", "vda"),
    NicConfig: NicConfig("lan", "network", "default", "52:54:00:00:00:01", "virtio"),
    DomainConfig: DomainConfig("web", "u", DomainType.TEST, 1, 1, "q35", None),
    SecretStr: SecretStr("secret"),
    Record: Record("uid", "default", "web"),
    DiskLabel: DiskLabel("default", "x", "uid", "qcow2", "blank"),
    actions.ImageRef: actions.ImageRef("http://x/i"),
}


@pytest.mark.parametrize("action", typing.get_args(actions.Action), ids=lambda a: a.__name__)
def test_action_has_one_line(action: type) -> None:
    hints = typing.get_type_hints(action)
    values = {f.name: SAMPLES.get(hints[f.name]) for f in dataclasses.fields(action)}
    text = action_text(action(**values))
    assert text and "\n" not in text and "secret" not in text
