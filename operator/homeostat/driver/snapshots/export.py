"""Independent copies of disks: of one that a guest writes to, of one that is off, or of a snapshot inside it.

A copy of a running disk is QEMU's backup job: it is of the moment at which it begins, whatever the guest writes meanwhile, and
the guest goes on. QEMU writes it beside the disk, where it may; from there it comes to its place. A copy has its name once it is
whole. What a copy leaves that is killed goes with the next one, or when an operator looks (storage.disks.exports).
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import secrets
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import libvirt

from homeostat.planner.domain import DiskConfig

from .. import faults
from ..connection import eventloop
from ..connection.translate import translate
from ..errors import DomainGone, DriverError, HostUnreachable, NoSpace, Refused, ResourceInUse
from ..storage.disks.exports import STAGED, making
from ..storage.disks.tags import read_tags
from ..storage.formats.qemu_img import tied
from ..storage.paths import PARTIAL, file_errors, flush, free_bytes, human_size, publish
from ..survey.survey import is_local
from ..xml import parse_domain

POLL = 0.2  # seconds between looks at a job
SPARE = 256 * 2**20  # bytes that a copy leaves free

Reached = Callable[[float], None]
"""Takes the share that is done, from 0 to 1."""


# The steps of a copy, for tests that are killed between them: see faults.


@dataclass(frozen=True, slots=True)
class BeginBackup:
    disk: str


@dataclass(frozen=True, slots=True)
class FollowBackup:
    disk: str


@dataclass(frozen=True, slots=True)
class BringCopy:
    path: Path


@dataclass(frozen=True, slots=True)
class ConvertDisk:
    path: Path


@dataclass(frozen=True, slots=True)
class PublishCopy:
    path: Path


def export_disk(uri: str, uuid: str, disk: str, target: Path, progress: Reached, tag: str = "") -> None:
    """Copies a disk of a machine, or the snapshot ``tag`` in it, to a qcow2 file that needs no other. Blocks until it is done.
    ``disk``: its name, or its file. What ``progress`` raises ends it. A libvirt on another host opens the disk by the path by
    which it is here, too.

    Raises:
        DriverError: it could not be done. Nothing is left of it.
    """
    with _domain(uri, uuid) as domain, completed_copy(target) as partial:
        found, active = _disk(domain, disk)
        source = found.source or ""
        if not is_local(uri) and not os.path.exists(source):
            raise Refused(f"{source} is not here, but on the host of {uri}: run this there")
        check_room(source, found.format, target.parent, tag)
        if active and not tag:
            _back_up(domain, found, partial, progress)
        else:
            with faults.around(ConvertDisk(partial)):
                _convert(source, found.format, partial, progress, tag)
            _check_tag(found, tag)


def export_file(path: str, format: str, target: Path, progress: Reached) -> None:
    """Copies the file of a disk that no guest has, like ``export_disk``."""
    with completed_copy(target) as partial:
        check_room(path, format, target.parent)
        with faults.around(ConvertDisk(partial)):
            _convert(path, format, partial, progress, "")


@contextlib.contextmanager
def completed_copy(target: Path) -> Iterator[Path]:
    """Yields the file to write to, which then gets its name. Nothing is left of it after an error.

    Raises:
        Refused: there is a file of that name.
    """
    if target.exists():
        raise Refused(f"{target} is there already: give the copy another name")
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}{PARTIAL}")
    left = f"{glob.escape(target.name)}.*{PARTIAL}"
    with file_errors(target, f"copy a disk to {target}"), making(target.parent, left):
        try:
            yield partial
            with faults.around(PublishCopy(target)):
                partial.chmod(0o600)
                flush(partial)
                publish(partial, target)
        except FileExistsError:
            raise Refused(f"{target} has come to be there meanwhile: give the copy another name") from None
        finally:
            partial.unlink(missing_ok=True)


def check_room(source: str, format: str, folder: Path, tag: str = "") -> None:
    """Checks that there is room for a copy, with some of it left for the guests whose disks lie there.

    Raises:
        NoSpace: there is not.
    """
    of = ["-l", f"snapshot.name={tag}"] if tag else []
    command = [_qemu_img(), "measure", "-U", "-O", "qcow2", "--output=json", *of, "--image-opts", _options(source, format)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return  # what is wrong with it shows when it is copied
    needed, free = int(json.loads(done.stdout)["required"]), free_bytes(folder)
    if free < needed + SPARE:
        raise NoSpace(
            f"the copy takes up to {human_size(needed)}, and {folder} has {human_size(free)} free, of which {human_size(SPARE)} "
            "stay for others: free some space, or copy it elsewhere"
        )


@contextlib.contextmanager
def _domain(uri: str, uuid: str) -> Iterator[Any]:
    eventloop.ensure_running()  # libvirt prints nothing by itself then
    try:
        connection = libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise HostUnreachable(f"cannot connect to {uri}: {error.get_error_message()}") from error
    try:
        yield connection.lookupByUUIDString(uuid)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            raise DomainGone(f"the domain {uuid} is not there: {error.get_error_message()}") from error
        raise translate(error, "copy a disk") from error
    finally:
        connection.close()


def _disk(domain: Any, name: str) -> tuple[DiskConfig, bool]:
    """Returns the disk as it is in use, and whether its machine is on."""
    active = bool(domain.isActive())
    config = parse_domain(domain.XMLDesc(0 if active else libvirt.VIR_DOMAIN_XML_INACTIVE))
    disks = {one.name: one for one in config.disks if one.device == "disk" and one.source}
    found = disks.get(name) or next((one for one in disks.values() if one.source == name), None)
    if found is None:
        known = ", ".join(disks) or "none"
        raise Refused(f"machine {domain.name()} has no disk {name!r} that could be copied: it has {known}")
    return found, active


def _back_up(domain: Any, disk: DiskConfig, partial: Path, progress: Reached) -> None:
    assert disk.source is not None
    folder = Path(disk.source).parent
    staged = folder / f"{Path(disk.source).stem}.{secrets.token_hex(4)}{STAGED}"
    others = "".join(f"<disk name={quoteattr(target)} backup='no'/>" for target in _targets(domain) if target != disk.target)
    text = (
        f"<domainbackup mode='push'><disks><disk name={quoteattr(disk.target)} backup='yes' type='file' backupmode='full'>"
        f"<driver type='qcow2'/><target file={quoteattr(str(staged))}/></disk>{others}</disks></domainbackup>"
    )
    with making(folder, f"*{STAGED}"):
        _check_idle(domain)
        try:
            with faults.around(BeginBackup(disk.name)):
                domain.backupBegin(text, None, 0)
            try:
                with faults.around(FollowBackup(disk.name)):
                    _follow(domain, progress)
            except BaseException:
                with contextlib.suppress(libvirt.libvirtError):
                    domain.abortJob()
                raise
            with faults.around(BringCopy(partial)):
                _bring(staged, partial)
        finally:
            staged.unlink(missing_ok=True)


def _targets(domain: Any) -> list[str]:
    return [disk.target for disk in parse_domain(domain.XMLDesc(0)).disks if disk.source]


def _check_idle(domain: Any) -> None:
    """Checks that nothing else is done with the machine. Raises ResourceInUse: something is."""
    if domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE:
        raise ResourceInUse(f"machine {domain.name()} is being copied, saved or moved just now: try again after that")


def _follow(domain: Any, progress: Reached) -> None:
    while True:
        info = domain.jobInfo()
        if info[0] == libvirt.VIR_DOMAIN_JOB_NONE:
            break
        progress(info[4] / info[3] if info[3] else 0.0)
        time.sleep(POLL)
    done = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED)
    if not done.get("success", done.get("type") == libvirt.VIR_DOMAIN_JOB_COMPLETED):
        why = done.get("errmsg") or "QEMU does not say why; a full disk, most often"
        raise DriverError(f"the copy of the running disk failed: {why}")


def _bring(staged: Path, partial: Path) -> None:
    """Moves the copy to where it is wanted; to another file system by copying what is in it."""
    try:
        os.rename(staged, partial)
    except OSError:
        command = ["cp", "--sparse=always", "--reflink=auto", "--", str(staged), str(partial)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            kind = NoSpace if "No space left" in done.stderr else DriverError
            raise kind(f"could not bring the copy to {partial.parent}: {done.stderr.strip().splitlines()[-1]}") from None
    os.chown(partial, os.geteuid(), os.getegid())


def _convert(source: str, format: str, partial: Path, progress: Reached, tag: str) -> None:
    """Copies with qemu-img: a snapshot also while QEMU has the disk open, since what is in it does not change any more."""
    of = ["-U", "-l", f"snapshot.name={tag}"] if tag else []
    command = [*tied(), _qemu_img(), "convert", "-p", *of, "--image-opts", _options(source, format), "-O", "qcow2", str(partial)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, umask=0o077)
    assert child.stdout is not None and child.stderr is not None
    try:
        _follow_qemu_img(child.stdout.fileno(), progress)
        error = child.stderr.read().decode(errors="replace").strip()
        code = child.wait()
    except BaseException:
        child.kill()
        child.wait()
        raise
    if code:
        raise _failure(error.splitlines()[-1].removeprefix("qemu-img: ") if error else f"qemu-img ended with code {code}", tag)


def _follow_qemu_img(output: int, progress: Reached) -> None:
    """Reads its progress until it ends."""
    said, share = "", 0.0
    while True:
        if select.select([output], [], [], POLL)[0]:
            more = os.read(output, 4096)
            if not more:
                return
            said = (said + more.decode(errors="replace"))[-64:]
            if shares := re.findall(r"\(([0-9.]+)/100%\)", said):
                share = float(shares[-1]) / 100
        progress(share)


def _qemu_img() -> str:
    """Returns the program's path. Raises Refused: it is not there."""
    if program := shutil.which("qemu-img"):
        return program
    raise Refused("qemu-img is not installed on this host: apt-get install qemu-utils")


def _options(source: str, format: str | None) -> str:
    return f"driver={format},file.driver=file,file.filename={source.replace(',', ',,')}"


def _check_tag(disk: DiskConfig, tag: str) -> None:
    """Checks that the snapshot is still there, and so was there all the time: without it its contents may be anything."""
    if tag and all(known.tag != tag for known in read_tags(disk.source or "") or ()):
        raise Refused("the snapshot was removed while it was copied: nothing was made of it")


def _failure(said: str, tag: str) -> DriverError:
    if "No space left" in said:
        return NoSpace(f"no space is left for the copy ({said}): free some space, or copy it elsewhere")
    if "lock" in said:
        return ResourceInUse(f"the disk was opened by another program meanwhile ({said}): try again")
    if tag and "snapshot" in said.lower():
        return Refused(f"the disk does not hold that snapshot any more ({said})")
    return DriverError(f"the copy failed: {said}")
