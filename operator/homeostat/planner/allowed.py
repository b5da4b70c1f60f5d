"""What machines may have of a host that reaches beyond them: the options of its operator say it. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """Nothing of it, unless the operator's options say so: who may write specs must not rule the host by that alone."""

    qemu_arguments: bool = False
    host_devices: bool = False
    folders: tuple[str, ...] = ()  # absolute; each by itself, and nothing below it


NOTHING = Allowed()
