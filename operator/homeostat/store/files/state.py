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
CLUSTER = "cluster "  # comes before its identity, where a state folder serves a cluster
SYSTEM_STATE = "/var/lib/homeostat"


def served_folder(folder: Path) -> str:
    """Returns how a state folder names the YAML folder that it serves: by its real path."""
    return os.path.realpath(folder)


def served_cluster(identity: str) -> str:
    """Returns how a state folder names the cluster that it serves."""
    return f"{CLUSTER}{identity}"


def default_state_root() -> Path:
    """Returns ``$HOMEOSTAT_STATE``, or /var/lib/homeostat for root, or ~/.local/state/homeostat."""
    if named := os.environ.get(ENVIRONMENT):
        return Path(named)
    if os.geteuid() == 0:
        return Path(SYSTEM_STATE)
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "homeostat"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The paths inside a state folder. Its files are 0600, the folder is 0710 (QEMU's group may pass through it).

    The paths of images, uploads, machines and trash belong to the storage, see ``driver.storage.paths``.
    """

    root: Path

    @classmethod
    def named(cls, root: Path | None = None) -> StateFolder:
        """Returns the state folder by its real path. Makes nothing."""
        return cls(Path(os.path.realpath(root or default_state_root())))

    @classmethod
    def open(cls, root: Path | None = None) -> StateFolder:
        """Returns the state folder, and makes it where it is missing. Every path of a disk is below its real path, also where it
        was named by a link.

        Raises:
            ReadOnly: it cannot be made.
        """
        state = cls.named(root)
        try:
            if not state.root.is_dir():
                state.root.parent.mkdir(parents=True, exist_ok=True)
                state.root.mkdir(mode=0o710, exist_ok=True)
                state.root.chmod(0o710)  # the umask may have removed the bit of the group
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
        """Returns the path of the mirror that an API of a cluster reads."""
        return self.root / "api.sqlite"

    @property
    def accounts(self) -> Path:
        """Returns the path of the accounts database, where no other is named. Unlike the index it cannot be rebuilt."""
        return self.root / "accounts.db"

    @property
    def api_log(self) -> Path:
        return self.root / "api.log"

    @property
    def identity(self) -> Path:
        """Returns the path of the file that holds the ``instance_id``."""
        return self.root / "instance-id"

    @property
    def operator_socket(self) -> Path:
        return self.root / "operator.sock"

    @property
    def look_mark(self) -> Path:
        """Returns the path of the file whose time says when the operator last looked."""
        return self.root / "last-look"

    @property
    def hosts_file(self) -> Path:
        """The file that remembers the hosts of its machines, see ``hosts``."""
        return self.root / "hosts.json"

    @property
    def serving_file(self) -> Path:
        """The file that says which hosts of a cluster are served from here, see ``serving``."""
        return self.root / "serving.json"

    @property
    def allowed_file(self) -> Path:
        """The file that says what machines may have of their host, see ``allowing``."""
        return self.root / "allowed.json"

    @property
    def standby_rooms(self) -> Path:
        return self.root / "standby"

    def standby(self, number: int) -> Path:
        """Returns the state folder of an operator that waits while another one uses this folder."""
        return self.standby_rooms / str(number)

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
        """Returns this installation's identity, which is made once. Every resource's uid derives from it.

        Raises:
            StateError: the file exists, and holds something else.
        """
        path = self.identity
        # No reader may see half a file, and two writers must not get two ids: the first one to link wins.
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
        """Returns what it serves: a folder's real path, or ``cluster`` and its identity. None: nothing yet."""
        try:
            return self._served_file.read_text().rstrip("\n")
        except FileNotFoundError:
            return None

    @property
    def folder(self) -> Path | None:
        """Returns the YAML folder that it serves. None: before its first `up`, and where it serves a cluster."""
        return None if self.serves_cluster or not self.serves else Path(self.serves)

    def hand_over(self, other: str) -> None:
        """Lets it serve another folder or cluster from now on, in one step. The caller has moved everything there, and holds the
        lock."""
        self.replace(self._served_file, other + "\n")

    @property
    def libvirt(self) -> str:
        """Returns the libvirt that its machines are on. Empty before its first `up`, and where the caller may not read it."""
        try:
            return self._libvirt_file.read_text().strip()
        except (OSError, ValueError):
            return ""

    def remember_libvirt(self, uri: str) -> None:
        """Remembers a libvirt for commands that name none.

        Raises:
            ReadOnly: it cannot be written.
        """
        path = self._libvirt_file
        with contextlib.suppress(FileNotFoundError):
            if path.read_text() == uri + "\n":
                return
        self.replace(path, uri + "\n")

    def forget_libvirt(self) -> None:
        """Forgets the libvirt: the machines are on several hosts."""
        self._libvirt_file.unlink(missing_ok=True)

    def replace(self, path: Path, text: str) -> None:
        """Replaces a file of this folder, in one step.

        Raises:
            ReadOnly: it cannot be written.
        """
        os.replace(self._write_aside(path.name, text), path)

    @property
    def serves_cluster(self) -> bool:
        return (self.serves or "").startswith(CLUSTER)

    def claim(self, folder: Path) -> None:
        """Binds this state folder to one YAML folder, at the first call.

        Raises:
            StateError: it serves another folder, or a cluster.
        """
        self._claim(served_folder(folder))

    def claim_cluster(self, identity: str) -> None:
        """Binds this state folder to a cluster.

        Raises:
            StateError: it serves something else.
        """
        self._claim(served_cluster(identity))

    def refuse_folder(self) -> None:
        """Checks, before the cluster is known, that the state folder serves no YAML folder.

        Raises:
            StateError: it serves one.
        """
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

    def operator_lock(self) -> contextlib.AbstractContextManager[int]:
        """Returns the lock of the one operator of this state folder. It ends with its process, however that ends. Within it is
        known which process held it before, see ``lock.ended``.

        Raises:
            StateError: another operator holds it. The message names its process.
        """
        return hold_operator_lock(self.root, self._lock_file)

    @property
    def operator_runs(self) -> bool:
        return operator_runs(self.root)

    @contextlib.contextmanager
    def write_lock(self) -> Iterator[None]:
        """Holds the lock that anybody needs who edits the YAML folder or indexes it, in any process or thread. Not reentrant."""
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
