"""What is refused, in the words of the domain. HTTP and each contract turn them into their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from homeostat.accounts.rights import Right
from homeostat.models.base import Key, Resource
from homeostat.models.plugin import Plugin

UploadProblem = Literal[
    "not_found", "conflict", "offset", "busy", "too_large", "not_an_image", "checksum", "part_checksum", "no_space", "elsewhere",
    "incomplete", "failed",
]  # fmt: skip

ExportProblem = Literal["not_there", "which", "elsewhere", "limit", "no_space", "busy", "refused", "failed"]


class Refusal(Exception):
    """Why something was not done, in words for people. Nothing was changed. ``details`` are for programs."""

    def __init__(self, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = dict(details or {})


class NoSuchResource(Refusal):
    """There is no resource of that name."""

    def __init__(self, kind: type[Resource], name: str) -> None:
        super().__init__(f"there is no {kind.KIND} named {name!r}", {"name": name[:256]})
        self.kind = kind


class NotYours(Refusal):
    """The actor sees the resource, and has not the right that he asks for."""

    def __init__(self, kind: type[Resource], name: str, right: Right) -> None:
        if right is Right.ADMINISTER:
            said = f"{kind.KIND} {name} is changed by administrators only"
        else:
            said = f"{kind.KIND} {name} is not yours to {right}: an administrator can grant it"
        super().__init__(said, {"name": name, "right": right})
        self.kind = kind


class RefusedByModels(Refusal):
    """The models refuse the resource: something let it in that could not see what is wrong with it."""

    def __init__(self, kind: type[Resource], name: str, why: str) -> None:
        mend = "mend it where it was written, such as with kubectl or in its file, or delete it"
        super().__init__(f"{why.rstrip('.')}. It is left alone until then: {mend}", {"name": name})
        self.kind = kind


class AmbiguousId(Refusal):
    """Several resources say that they have one id: somebody copied a document with its label."""

    def __init__(self, id: str, names: Sequence[str]) -> None:
        shown = " and ".join(names[:3])
        super().__init__(
            f"{shown} have the id {id[:64]}: remove the label homeostat.dev/id from the copy", {"names": list(names)}
        )


class BeingDeleted(Refusal):
    """The resource is being deleted."""

    def __init__(self, kind: type[Resource], name: str) -> None:
        super().__init__(f"{kind.KIND} {name} is being deleted", {"name": name})
        self.kind = kind


class Stale(Refusal):
    """The resource was changed after it was read. ``version`` is the one that it has now."""

    def __init__(self, version: str) -> None:
        changed = "The resource was changed meanwhile: read it again, and repeat the change on what it is now"
        super().__init__(changed, {"resource_version": version})


class Disabled(Refusal):
    """The plugin makes no new machines."""


class InUse(Refusal):
    """Others use the plugin, the Disk, the Image or the Network: ``users``. The actor may see those that are ``known``."""

    def __init__(
        self, name: str, users: Sequence[Key], kind: type[Resource] = Plugin, known: Sequence[Key] | None = None
    ) -> None:
        self.users = users
        self.known = users if known is None else known
        self.kind = kind
        shown = self.shown(lambda key: f"{key.kind} {key.name}")
        super().__init__(f"{name} is in use by {shown}: delete these first", {"name": name})

    def shown(self, word: Callable[[Key], str]) -> str:
        """Names the first of those that the actor may see, and counts the others."""
        first = [word(key) for key in self.known[:3]]
        more = len(self.users) - len(first)
        return " and ".join(part for part in (", ".join(first), f"{more} more" if more and first else str(more or "")) if part)


class NotTaken(Refusal):
    """The snapshot is not there to go back to."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"snapshot {name} cannot be gone back to now: {why}", {"name": name})


class AlreadyRunning(Refusal):
    """The machine runs, or is starting."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is already running", {"name": name})


class AlreadyStopped(Refusal):
    """The machine is off, and stays off."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is already stopped", {"name": name})


class NotAllowed(Refusal):
    """The models would accept it, but this server does not."""


class OverQuota(NotAllowed):
    """Whoever owns it would have more than he may."""


class SourceRefused(NotAllowed):
    """A file or an address that a request may not name here."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(message, {"source": place[:512]})


class UploadRefused(Refusal):
    """An upload that does not begin, or does not go on. ``why`` is for programs."""

    def __init__(self, why: UploadProblem, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, details)
        self.why = why


class ExportRefused(Refusal):
    """A copy of a disk that is not made. ``why`` is for programs."""

    def __init__(self, why: ExportProblem, message: str, name: str = "") -> None:
        super().__init__(message, {"name": name} if name else {})
        self.why = why


class LogUnavailable(Refusal):
    """The log of a machine's console cannot be read here."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the console log of {name}: {why}", {"name": name})


class NoConsoleSize(Refusal):
    """The guest cannot be asked to show a console in that size."""

    def __init__(self, name: str, mend: str) -> None:
        super().__init__(f"this console of {name} takes no size: {mend}", {"name": name})


class ConsoleUnavailable(Refusal):
    """A machine has no such console now, or it cannot be reached from here."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"the console of {name}: {why}", {"name": name})
        self.why = why


class ScreenPrivate(ConsoleUnavailable):
    """A machine's screen is for those who may change it."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "its screen is private (display.private): only who may change the machine sees it")


class WebRtcUnavailable(Refusal):
    """This server does not speak WebRTC."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}: install it there by pip install 'homeostat[webrtc]', or open a console of kind vnc")


class TooManyScreens(Refusal):
    """As many screens are watched on this server as may be."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"no picture of {name} now: {why}, try again later", {"name": name})


class KeyboardBusy(Refusal):
    """As many texts wait for a machine's keyboard as may."""

    def __init__(self, name: str, most: int) -> None:
        super().__init__(f"{most} texts wait for the keyboard of {name} already: try again later", {"name": name})


class NoSuchKey(Refusal):
    """A keyboard has no such key, or not so many at once."""


class NotInTrash(Refusal):
    """The trash has no entry of that name."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"{entry[:256]} is not in the trash", {"name": entry[:256]})


class NotYoursInTrash(Refusal):
    """The actor sees the entry, and is not known to have had what is in it."""

    def __init__(self, entry: str) -> None:
        said = f"{entry[:256]} was not yours: whoever had what is in the trash may change it, and an administrator"
        super().__init__(said, {"name": entry[:256]})


class PlaceTaken(Refusal):
    """There is a file where a disk would be put back."""


class TrashElsewhere(Refusal):
    """The entry is in the trash of another host, or of several."""

    def __init__(self, message: str, entry: str, hosts: Sequence[str]) -> None:
        super().__init__(message, {"name": entry[:256], "hosts": list(hosts)})


class TrashUnavailable(Refusal):
    """The trash cannot be read or changed."""


class DeviceExists(Refusal):
    """The machine has a device of that name."""

    def __init__(self, machine: str, kind: str, device: str) -> None:
        super().__init__(f"{machine} has {kind}[{device[:64]}] already: give the other one another name", {"name": device[:64]})


class NoSuchDevice(Refusal):
    """The machine has no device of that name, or with an empty one no drive at all."""

    def __init__(self, machine: str, kind: str, device: str) -> None:
        what = f"{kind}[{device[:64]}]" if device else "cdrom drive: attach a disk of type cdrom first, which needs a restart"
        super().__init__(f"{machine} has no {what}", {"name": device[:64]})


class MustBeOff(Refusal):
    """A guest runs, and the request asked for a machine that is off."""

    def __init__(self, machine: str) -> None:
        super().__init__(f"{machine} runs: stop it first", {"name": machine})


class OtherMedium(Refusal):
    """Another drive of the machine has a medium."""

    def __init__(self, machine: str, drive: str) -> None:
        super().__init__(f"{machine} has a medium in drive {drive}: take that out first", {"name": machine, "drive": drive})
