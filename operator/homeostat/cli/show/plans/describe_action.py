"""Each action in words, as `homeostat plan` prints it. It never holds a secret."""

from __future__ import annotations

from typing import assert_never

from homeostat.models.quantity import format_quantity
from homeostat.planner import actions as a

from ...times import short_duration


def action_text(action: a.Action) -> str:
    """Returns one line for an action, without its reason."""
    if isinstance(action, a.DeviceChange):
        return _device_text(action)
    match action:
        case a.FetchImage():
            return f"fetch image {action.image.label}"
        case _ if isinstance(action, _Storage):
            return _storage_text(action)
        case a.SetAutostart():
            return "start with the host" if action.enabled else "do not start with the host"
        case a.StartDomain():
            return "start, paused" if action.paused else "start"
        case _ if isinstance(action, a.SnapshotAction):
            return _snapshot_text(action)
        case _:
            return _domain_text(action)


_Storage = a.DiskAction | a.FileAction
_Domain = (
    a.DefineDomain
    | a.WriteRecord
    | a.RenameDomain
    | a.SetMemory
    | a.ShutdownDomain
    | a.PowerOffDomain
    | a.PauseDomain
    | a.ResumeDomain
    | a.SaveDomain
    | a.DiscardSave
    | a.UndefineDomain
    | a.ReleaseResource
)


def _storage_text(action: _Storage) -> str:
    match action:
        case a.CreateDisk():
            size = f" of {format_quantity(action.size)}" if action.size else ""
            return f"create disk {action.path}{size}{f' ({action.aside})' if action.aside else ''}"
        case a.GrowDisk():
            return f"grow disk {action.path} to {format_quantity(action.size)}"
        case a.CopyDisk():
            return f"copy {action.source} to {action.path} ({action.label.format}, {format_quantity(action.size)})"
        case a.LabelDisk():
            return f"write down what {action.path} is"
        case a.RemoveDisk():
            return f"delete {action.path}, and its label"
        case a.CopyBoot():
            return f"copy what it boots to {action.path}"
        case a.WriteSeed():
            return "write the cloud-init seed"  # its name has a fingerprint, which is of no use to a reader
        case a.DeleteFile() | a.DeleteDirectory():
            return f"delete {action.path}"
        case a.SetAside():
            return f"set aside {', '.join(path for _, path in action.disks)} for {short_duration(int(action.keep))}"
        case a.TakeBack():
            return f"take {action.path} back from the trash"
        case a.KeepDisks():
            return f"keep the disks {', '.join(action.disks)} in {action.directory}"
        case a.MarkCreated():
            return "remember that it was defined"
        case a.NoteDeletion():
            return "remember that it is being deleted"
        case a.ForgetDeletion():
            return "forget that it was being deleted"
        case a.NoteMoved():
            return f"note down where others put its disks: {', '.join(disk.source for disk in action.disks) or 'nowhere'}"
        case a.NoteDisks():
            return f"note down the disks to be deleted with it: {', '.join(action.disks) or 'none'}"
        case _:
            assert_never(action)


def _snapshot_text(action: a.SnapshotAction) -> str:
    match action:
        case a.TakeSnapshot():
            return f"take a snapshot of machine {action.machine_name}{', with its memory' if action.memory else ''}"
        case a.NoteTaken():
            return "note down the snapshot that its disks hold"
        case a.DropSnapshot():
            return "remove the snapshot from its disks"
        case a.RestoreSnapshot(memory=True):
            return "bring the guest back to the snapshot, with its memory: what it did since is lost"
        case a.RestoreSnapshot():
            disks = ", ".join(name for name, _ in action.disks)
            return f"bring the disks {disks} back to the snapshot: what was written to them since is lost"
        case a.NoteRestored():
            return "remember that it need not be restored"
        case _:
            assert_never(action)


def _device_text(action: a.DeviceChange) -> str:
    match action:
        case a.AttachDisk():
            return f"attach disk {action.disk.name}"
        case a.DetachDisk():
            return f"detach disk {action.disk.name}"
        case a.ChangeMedium():
            drive = action.disk.name
            return f"put {action.disk.source} in drive {drive}" if action.disk.source else f"empty drive {drive}"
        case a.LimitDisk():
            return f"{'limit' if action.disk.limits else 'no longer limit'} disk {action.disk.name}, while it runs"
        case a.AttachNic():
            return f"attach nic {action.nic.name}"
        case a.DetachNic():
            return f"detach nic {action.nic.name}"
        case a.ReplugNic():
            return f"plug nic {action.nic.name} in again"
        case a.SetLink():
            return f"set the link of nic {action.nic.name} {'down' if action.nic.down else 'up'}"
        case a.SetVcpus():
            return f"give it {action.vcpus} CPUs, while it runs"
        case a.ChangePassword():
            return "change the VNC password, while it runs"
        case _:
            assert_never(action)


def _domain_text(action: _Domain) -> str:
    match action:
        case a.DefineDomain():
            return f"define domain {action.config.name}"
        case a.WriteRecord():
            return "update our record on the domain"
        case a.SetMemory():
            return f"leave it {format_quantity(action.memory)} of memory, while it runs"
        case a.RenameDomain():
            return f"name the domain {action.name} again"
        case a.ShutdownDomain():
            return "ask the guest to shut down"
        case a.PowerOffDomain():
            return "cut the power"
        case a.PauseDomain():
            return "pause"
        case a.ResumeDomain():
            return "resume"
        case a.SaveDomain():
            return "save its memory to disk, and stop"
        case a.DiscardSave():
            return "discard the saved memory"
        case a.UndefineDomain():
            return "remove its definition (no disk is touched by this)"
        case a.ReleaseResource():
            return "let the resource go: teardown is complete"
        case _:
            assert_never(action)
