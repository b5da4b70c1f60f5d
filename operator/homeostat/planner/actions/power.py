"""The actions on the power of a domain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartDomain:
    """Boots the domain, or restores it from its managed save."""

    uuid: str
    paused: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ShutdownDomain:
    """Asks the guest to shut down by its power button, or by its agent. Where nothing tells whether the agent did it, by the
    button too."""

    uuid: str
    reason: str
    by_agent: bool = False


@dataclass(frozen=True, slots=True)
class PowerOffDomain:
    """Cuts the power."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class PauseDomain:
    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResumeDomain:
    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class SaveDomain:
    """Makes a managed save: writes the memory to disk, and turns the domain off."""

    uuid: str
    reason: str


@dataclass(frozen=True, slots=True)
class DiscardSave:
    """Removes the managed save, so that the next start boots."""

    uuid: str
    reason: str


PowerAction = StartDomain | ShutdownDomain | PowerOffDomain | PauseDomain | ResumeDomain | SaveDomain | DiscardSave
