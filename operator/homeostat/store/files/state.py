"""The state folder: which YAML folder it serves, who we are, and who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from homeostat.store.errors import ReadOnly, StateError

from .lock import hold_operator_lock, operator_runs

ENVIRONMENT = "HOMEOSTAT_STATE"
CLUSTER = "cluster "  # before its identity, where a state folder serves a cluster
SYSTEM_STATE = "/var/lib/homeostat"


def served_folder(folder: Path) -> str:
    """Returns how a state folder names the YAML folder that it serves: by its real path."""
    return os.path.realpath(folder)


def served_cluster(identity: str) -> str:
    """Returns how a state folder names the cluster that it serves."""
    return f"{CLUSTER}{identity}"


def default_state_root() -> Path:
    """``$HOMEOSTAT_STATE``, else /var/lib/homeostat for root, else ~/.local/state/homeostat."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    if os.geteuid() == 0:
        return Path(SYSTEM_STATE)
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "homeostat"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """Paths inside the state folder. Files in it are 0600, the folder is 0710 (QEMU's group passes through it).

    Those of images, machines and trash are the storage's, see ``driver.storage.paths``.
    """

    root: Path

    @classmethod
    def named(cls, root: Path | None = None) -> StateFolder:
        """By its real path. Nothing is made."""
        return cls(Path(os.path.realpath(root or default_state_root())))

    @classmethod
    def open(cls, root: Path | None = None) -> StateFolder:
        """Makes the folder where it is missing. Reached by a link it is the same as by its real path, in every path of a disk.

        Raises:
            ReadOnly: it cannot be made.
        """
        state = cls.named(root)
        try:
            if not state.root.is_dir():
                state.root.parent.mkdir(parents=True, exist_ok=True)
                state.root.mkdir(mode=0o710, exist_ok=True)
                state.root.chmod(0o710)  # the umask may have taken the group's bit
        except OSError as error:
            raise ReadOnly(
                f"cannot make the state folder {state.root}: {error.strerror}; name another with --state or {ENVIRONMENT}"
            ) from error
        return state

    @property
    def index(self) -> Path:
        return self.root / "index.sqlite"

    @property
    def api_index(self) -> Path:
        """The mirror of an API that serves a cluster."""
        return self.root / "api.sqlite"

    @property
    def api_log(self) -> Path:
        return self.root / "api.log"

    @property
    def identity(self) -> Path:
        """The file that holds the ``instance_id``."""
        return self.root / "instance-id"

    @property
    def operator_socket(self) -> Path:
        return self.root / "operator.sock"

    @property
    def look_mark(self) -> Path:
        """The file whose time tells when the operator last looked."""
        return self.root / "last-look"

    def standby(self, number: int) -> Path:
        """The state folder of an operator that waits while another one has this one."""
        return self.root / "standby" / str(number)

    @property
    def _lock_file(self) -> Path:
        return self.root / "operator.lock"

    @property
    def _served_file(self) -> Path:
        return self.root / "source"

    @property
    def _libvirt_file(self) -> Path:
        return self.root / "libvirt"

    @property
    def instance_id(self) -> uuid.UUID:
        """Who we are, made once: every resource's uid derives from it.

        Raises:
            StateError: the file is there and holds something else.
        """
        path = self.identity
        # Readers must never see half a file, nor two writers two ids: the first one to link wins.
        if not path.exists():
            fresh = self._write_aside(path.name, f"{uuid.uuid4()}\n")
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
            os.unlink(fresh)
        try:
            return uuid.UUID(path.read_text().strip())
        except ValueError as error:
            raise StateError(
                f"{path} does not hold a UUID. The identity of every machine derives from it: restore it from a backup, "
                "or read it from a machine's metadata"
            ) from error

    @property
    def serves(self) -> str | None:
        """What it serves: a folder's real path, or ``cluster`` and its identity; None: nothing yet."""
        try:
            return self._served_file.read_text().rstrip("\n")
        except FileNotFoundError:
            return None

    @property
    def folder(self) -> Path | None:
        """The YAML folder that it serves; None before its first `up`, and where it serves a cluster."""
        return None if self.serves_cluster or not self.serves else Path(self.serves)

    def hand_over(self, other: str) -> None:
        """Has it serve another folder or cluster from now on, in one step. Only for a caller that moved everything there and
        holds the lock."""
        os.replace(self._write_aside(self._served_file.name, other + "\n"), self._served_file)

    @property
    def libvirt(self) -> str:
        """The libvirt on which its machines are; empty before its first `up`, and for who may not read it."""
        try:
            return self._libvirt_file.read_text().strip()
        except (OSError, ValueError):
            return ""

    def remember_libvirt(self, uri: str) -> None:
        """For commands that are given none. Raises ReadOnly."""
        path = self._libvirt_file
        with contextlib.suppress(FileNotFoundError):
            if path.read_text() == uri + "\n":
                return
        os.replace(self._write_aside(path.name, uri + "\n"), path)

    @property
    def serves_cluster(self) -> bool:
        return (self.serves or "").startswith(CLUSTER)

    def claim(self, folder: Path) -> None:
        """Binds this state folder to one YAML folder, at the first call.

        Raises:
            StateError: it serves another one, or a cluster.
        """
        self._claim(served_folder(folder))

    def claim_cluster(self, identity: str) -> None:
        """Binds this state folder to a cluster. Raises StateError: it serves something else."""
        self._claim(served_cluster(identity))

    def refuse_folder(self) -> None:
        """Before the cluster is known. Raises StateError: it serves a YAML folder."""
        serves = self.serves
        if serves is not None and not self.serves_cluster:
            raise StateError(
                f"the state folder {self.root} serves {serves}, not a cluster: {_way_out(serves, CLUSTER, self.root)}"
            )

    def _claim(self, wanted: str) -> None:
        path = self._served_file
        if not path.exists():
            aside = self._write_aside(path.name, wanted + "\n")
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
            os.unlink(aside)
        serves = path.read_text().rstrip("\n")
        if serves != wanted:
            raise StateError(f"the state folder {self.root} serves {serves}, not {wanted}: {_way_out(serves, wanted, path)}")

    def operator_lock(self) -> contextlib.AbstractContextManager[None]:
        """Held by the one operator of this state folder; ends with its process, however that ends.

        Raises:
            StateError: another operator holds it; the message names its process.
        """
        return hold_operator_lock(self.root, self._lock_file)

    @property
    def operator_runs(self) -> bool:
        return operator_runs(self.root)

    @contextlib.contextmanager
    def write_lock(self) -> Iterator[None]:
        """Held by whoever edits the YAML folder or indexes it, in any process or thread. Not reentrant."""
        handle = os.open(self.root / "write.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write_aside(self, name: str, text: str) -> str:
        aside = str(self.root / f".{name}.{uuid.uuid4().hex}")
        try:
            handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ReadOnly(f"cannot write into the state folder {self.root}: {error.strerror}") from error
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return aside


def _way_out(serves: str, wanted: str, path: Path) -> str:
    another = "name another state folder with --state"
    match serves.startswith(CLUSTER), wanted.startswith(CLUSTER):
        case True, False:
            return (
                f"its machines are the cluster's (`homeostat operator`); {another}, or `homeostat migrate --to-folder` them back"
            )
        case False, True:
            return f"its machines are that folder's (`homeostat up`); {another}, or `homeostat migrate --to-cluster` them"
        case _, True:
            return f"{another}. If this cluster took the place of that one, write {wanted!r} into {path}"
    return f"{another}. If the folder has moved, write its new place into {path}"
