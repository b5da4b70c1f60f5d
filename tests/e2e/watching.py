"""What libvirt tells everybody about its domains, while a test goes on."""

from __future__ import annotations

import re
import subprocess
import threading
from types import TracebackType

from tests.rig.libvirtd import Libvirtd
from tests.rig.waiting import wait_until

SENTINEL = "sentinel"
XML = f"<domain type='qemu'><name>{SENTINEL}</name><memory>32768</memory><os><type>hvm</type></os></domain>"


class LibvirtEvents:
    """``lines`` are virsh's words for each event: "event 'lifecycle' for domain 'web': Stopped Destroyed"."""

    def __init__(self, rig: Libvirtd) -> None:
        self._rig = rig
        self.lines: list[str] = []

    def __enter__(self) -> LibvirtEvents:
        command = ["virsh", "-c", self._rig.uri, "event", "--all", "--loop"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        # Nothing says that it listens but an event: some of a domain of our own, again and again, until one is heard of.
        wait_until(self._hears, 20, "virsh hears events")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Whatever happened before this is heard of."""
        before = self._heard()
        self._stir()
        wait_until(lambda: self._heard() > before, 20, "virsh hears the last event")
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()  # type: ignore[union-attr]

    def of(self, name: str) -> list[str]:
        """Lifecycle events of one domain, such as "Stopped Destroyed"."""
        pattern = re.compile(rf"event 'lifecycle' for domain '{re.escape(name)}': (.*)")
        return [match[1] for line in list(self.lines) if (match := pattern.search(line))]

    @property
    def of_machines(self) -> list[str]:
        """All but our own."""
        return [line for line in self.lines if f"'{SENTINEL}'" not in line]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("event "):
                self.lines.append(line.strip())

    def _hears(self) -> bool:
        self._stir()
        return self._heard() > 0

    def _heard(self) -> int:
        return sum(f"'{SENTINEL}': Undefined" in line for line in list(self.lines))

    def _stir(self) -> None:
        command = ["virsh", "-q", "-c", self._rig.uri, "define", "/dev/stdin"]
        subprocess.run(command, input=XML, text=True, check=True, stdout=subprocess.DEVNULL)
        self._rig.virsh("undefine", SENTINEL)
