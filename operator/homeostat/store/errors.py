"""What a store refuses, in words for the person who asked.

StoreError
├── NotFound
├── AlreadyExists
├── Conflict        somebody changed the resource in between
├── Invalid         the document is wrong; carries each problem
├── ReadOnly        no permission, or no space left
├── NotEditable     the file cannot be edited in place
├── Denied          the account of this process may not, in a cluster
└── StateError      the state folder: in use, for another folder, damaged
    └── IndexDamaged
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from homeostat.models.base import Key
from homeostat.models.kinds import STORED, kind_of
from homeostat.models.outside import one_line
from homeostat.runtime.engine.ports import Outpaced, StoreFailure, Unreadable

Severity = Literal["Error", "Held", "Notice"]
"""Held: a deletion that waits for a confirmation, or a change that takes machines or disks away and waits for one."""


@dataclass(frozen=True, slots=True)
class DocumentProblem:
    """One mistake in a document. Lines and columns count from 1; 0 means that the place is not known."""

    field: str  # dotted, such as spec.disks[0].size; empty for the document as a whole
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return one_line(f"{self.field}: {self.message}" if self.field else self.message)  # the document chooses a field's name


@dataclass(frozen=True, slots=True)
class FolderProblem:
    """One problem in the YAML folder, with its place."""

    path: str  # relative to the folder; empty for the folder itself
    line: int
    column: int
    field: str
    message: str
    key: Key | None = None  # the resource that the document declares, where that is known
    severity: Severity = "Error"

    def __str__(self) -> str:
        """Returns it in one line: names of files and fields may hold any character."""
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return one_line(": ".join(part for part in (place, self.field, self.message) if part))


class StoreError(StoreFailure):
    """The base of all errors that a store raises on purpose."""


class Denied(StoreError):
    """The account of this process may not do this. The message comes from the server, and names the verb."""


class NotFound(StoreError):
    """There is no resource of that name."""

    def __init__(self, key: Key) -> None:
        kind = STORED.get(key.kind)  # None: of Kubernetes' own, such as a Lease
        where = "" if kind and kind_of(kind).scope == "Cluster" else f" in namespace {key.namespace!r}"
        super().__init__(f"there is no {key.kind} named {key.name!r}{where}")
        self.key = key


class AlreadyExists(StoreError):
    """There is one of that name already, or it is still being deleted."""

    def __init__(self, key: Key, where: str = "", *, deleting: bool = False, hidden: bool = False) -> None:
        """Says so. ``hidden``: to somebody who does not learn whose it is, or whether it is there still."""
        if hidden:
            said = f"{key} exists already, or did, and is somebody else's: choose another name"
        elif deleting:
            said = f"{key} is still being deleted: wait until it has gone, then create it again"
        else:
            said = f"{key} exists already" + (f" (in {where})" if where else "")
        super().__init__(said)
        self.key = key


class Conflict(StoreError, Outpaced):
    """Somebody changed the resource in between."""

    def __init__(self, key: Key, expected: str, found: str) -> None:
        super().__init__(
            f"{key} was changed in between (you read resourceVersion {expected}, it is {found} now): "
            "read it again and repeat the change"
        )
        self.key = key


class Invalid(StoreError, Unreadable):
    """The document is not what its kind allows. ``problems`` lists every mistake."""

    def __init__(self, problems: Sequence[DocumentProblem], what: str = "the document") -> None:
        self.problems = tuple(problems)
        super().__init__(f"{what} is invalid: " + "; ".join(str(problem) for problem in self.problems))


class ReadOnly(StoreError):
    """The folder could not be written: no permission, a read-only file system, no space left."""


class NotEditable(StoreError):
    """The resource's file cannot be edited in place. The message says why, and what to do."""


class NoFolder(StoreError):
    """The folder of YAML does not exist."""

    mend = "name a folder that holds YAML files, or make it"


class StateError(StoreError):
    """The state folder is in use, serves another folder, or cannot be used."""


class IndexDamaged(StateError):
    """The file is not an SQLite database, or is damaged."""
