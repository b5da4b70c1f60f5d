"""Tells which folders are other ones than they were, as where a file system is mounted no more, or again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ..reading.folder import Listing

HIDDEN = "it was written while another folder was in the place of the one that is there now, which may hide it"


def covered(path: str, places: Iterable[str]) -> bool:
    """Tells whether ``path`` is one of ``places``, or below one."""
    return any(path == place or path.startswith(place + "/") for place in places)


def parents(path: str) -> Iterator[str]:
    """Yields the folders that a file is in, innermost first. The last is the empty string."""
    while path:
        path = path.rpartition("/")[0]
        yield path


def another_folder(path: str, known: Mapping[str, str], listing: Listing) -> str:
    """Says whether the folder that held it is another folder now; empty: it is not, or it is one that is put in its place as a
    whole, such as the next target of a link. After a mount has gone, what lies below it shows. ``known``: see
    ``Listing.folders``."""
    for folder in parents(path):
        if folder in listing.folders:
            if not _is_another(folder, known, listing) or _is_put_in_its_place(folder, known, listing):
                return ""
            return f"{folder or 'the folder'} is another folder than it was: is something not mounted?"
    return ""


def _is_another(folder: str, known: Mapping[str, str], listing: Listing) -> bool:
    return known.get(folder, listing.folders[folder]) != listing.folders[folder]


def _is_put_in_its_place(folder: str, known: Mapping[str, str], listing: Listing) -> bool:
    """Tells whether a folder took another one's place as a whole: on the same disk, and with something in it."""
    before, now = known[folder], listing.folders[folder]
    same_disk = before.partition(".")[0] == now.partition(".")[0]
    if folder not in listing.swapped or not same_disk:
        return False
    noted = "." in before  # else an earlier version wrote down its disk alone
    return not noted or any(not folder or covered(found.path, [folder]) for found in listing.files)


def folders_now(before: Mapping[str, str], listing: Listing, needed: Collection[str]) -> dict[str, str]:
    """Returns which folders there are. Those that held absent resources (``needed``) stay as they were when they held them."""
    if listing.missing:
        return dict(before)
    return {**listing.folders, **{path: before[path] for path in needed if path in before}}


def not_as_known(known: Mapping[str, str], listing: Listing, emptied: bool) -> frozenset[str]:
    """Returns the folders that are not those which absent resources stood in: what is written into them is hidden once those are
    back. ``emptied``: all that the folder held went at once."""
    return frozenset(
        folder
        for folder in listing.folders
        if _is_another(folder, known, listing) and ((emptied and not folder) or not _is_put_in_its_place(folder, known, listing))
    )
