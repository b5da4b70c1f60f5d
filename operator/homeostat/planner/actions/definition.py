"""The actions on the definition of a domain, and on our record in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..domain import DomainConfig, Record


@dataclass(frozen=True, slots=True)
class DefineDomain:
    """Creates or changes the definition; a running domain goes on as it is.

    The driver refuses it where a disk is on another file by then than ``config`` says, unless the disk is in ``moves``.
    """

    config: DomainConfig
    reason: str
    moves: frozenset[str] = frozenset()  # disks that are given another source on purpose


@dataclass(frozen=True, slots=True)
class WriteRecord:
    """Updates our metadata on the domain, live and in its definition."""

    uuid: str
    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class SetAutostart:
    uuid: str
    enabled: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RenameDomain:
    """Gives a domain that is off its own name again."""

    uuid: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class UndefineDomain:
    """Removes the definition with its managed save, nvram and checkpoint metadata. Does not touch the disks."""

    uuid: str
    reason: str
    stays: tuple[str, ...] = ()  # files that others put its disks on, outside its folder


DefinitionAction = DefineDomain | WriteRecord | SetAutostart | RenameDomain | UndefineDomain
