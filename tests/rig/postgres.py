"""A PostgreSQL of its own: a cluster in a temporary folder, reached by a unix socket only, run by a user without rights."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.rig.waiting import wait_until

BINARIES = Path("/usr/lib/postgresql")
USER = "postgres"  # of Debian's package; the server refuses to run as root


def installed() -> Path | None:
    """Returns the folder of the newest server's programs. None: there is none."""
    found = sorted(BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Postgres:
    """A running server. `close` ends it, and removes all of it."""

    def __init__(self) -> None:
        programs = installed()
        assert programs is not None, f"no PostgreSQL in {BINARIES}: scripts/install-system installs it"
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="hs-pg-", dir="/tmp"))
        self._ids: dict[str, object] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._ids = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._data = self.folder / "data"
        self._call("initdb", "--pgdata", str(self._data), "--auth=trust", "--username=homeostat", "--encoding=UTF8", "--no-sync")
        self._log = (self.folder / "log").open("wb")
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        settings = {
            "unix_socket_directories": str(self.folder),
            "listen_addresses": "",
            "max_connections": "200",
            "fsync": "off",  # what only the tests rest on need not survive the host
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(self._data), *options],
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
            **self._ids,  # type: ignore[call-overload]
        )
        wait_until(lambda: self.run("SELECT 1") == "1", 60, "PostgreSQL answers")

    def url(self, database: str) -> str:
        """Returns the URL of a database."""
        return f"postgresql+psycopg://homeostat@/{database}?host={self.folder}"

    def run(self, sql: str, database: str = "postgres") -> str:
        """Returns what psql says of a statement."""
        words = ["-X", "-q", "-A", "-t", "-h", str(self.folder), "-U", "homeostat", "-v", "ON_ERROR_STOP=1", "-c", sql, database]
        return self._call("psql", *words).strip()

    def dump(self, database: str) -> str:
        """Returns all that a database holds, as pg_dump writes it."""
        return self._call("pg_dump", "-h", str(self.folder), "-U", "homeostat", database)

    def stop(self) -> None:
        """Ends it at once, as a crash does; its data stay."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(60)

    def close(self) -> None:
        self.stop()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _call(self, program: str, *words: str) -> str:
        path = shutil.which(program) if program in ("psql", "pg_dump") else str(self._programs / program)
        done = subprocess.run(
            [path or str(self._programs / program), *words],
            check=False,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._ids,  # type: ignore[call-overload]
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return str(done.stdout)
