"""Reads YAML as a pass over a folder does, without an index: for tests of what a file says."""

from __future__ import annotations

import os
from pathlib import Path

from homeostat.models.base import Resource
from homeostat.store.errors import FolderProblem
from homeostat.store.files.passes.compare import compare
from homeostat.store.files.passes.remembered import Remembered
from homeostat.store.files.reading.files import FileReader, LastPass
from homeostat.store.files.reading.folder import FoundFile, Listing, list_folder


def read_source(path: Path, *, takes_hosts: bool = False) -> tuple[list[Resource], list[FolderProblem]]:
    """The resources of one file or of a folder, relative paths in them made absolute, and what is wrong."""
    root = Path(os.path.abspath(path))
    if root.is_dir():
        listing = list_folder(root)
    else:
        listing = Listing([FoundFile(root.name, str(root), "", 0, 0, False)])
        root = root.parent
    memory = LastPass()
    reader = FileReader(str(root), memory, lambda _path, _key: False, takes_hosts=takes_hosts)
    work = compare(listing, reader, memory, (), Remembered(), str(path))
    return [document.resource for document in work.create if document.resource], work.errors
