"""Real QEMU under the test rig's own libvirtd (needs root), and the plain libvirt loop that the operator is compared with."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import libvirt

from benchmarks.measure import run, say
from benchmarks.pairs import Figures, in_turn
from benchmarks.result import Result
from homeostat.driver.connection.connection import REQUESTS
from tests.rig.guest import GuestImage, build_guest_image
from tests.rig.libvirtd import Libvirtd

Xml = dict[str, str]  # by name


@dataclass(frozen=True, slots=True)
class Stage:
    """The rig. ``connection`` is a plain one, beside the operator's."""

    rig: Libvirtd
    image: GuestImage
    connection: Any

    def room(self, name: str) -> Path:
        """Returns a folder that QEMU's user can enter."""
        place = self.rig.storage / name
        place.mkdir(mode=0o711)
        return place


@contextmanager
def stage() -> Iterator[Stage]:
    """Yields the rig, and removes every trace at the end."""
    say("rig: starting a libvirtd, building the guest")
    with Libvirtd() as rig:
        image = build_guest_image(rig.storage)
        connection = libvirt.open(rig.uri)
        try:
            yield Stage(rig, image, connection)
        finally:
            connection.close()


def definitions(connection: Any) -> Xml:
    """Returns the domains as the operator defined them."""
    flags = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
    return {domain.name(): domain.XMLDesc(flags) for domain in connection.listAllDomains()}


def define_and_start(connection: Any, text: str) -> float:
    """Returns the seconds that it took."""
    start = time.perf_counter()
    connection.defineXML(text).create()
    return time.perf_counter() - start


def plain_loop(connection: Any, definitions: Sequence[str], at_once: int = REQUESTS) -> float:
    """Returns the seconds until all are started, by as many threads as the operator has requests in flight."""
    start = time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(lambda text: define_and_start(connection, text), definitions))
    return time.perf_counter() - start


def against_plain_loop(
    name: str, count: int, budget: str, operator: Callable[[Stage, int, int], Awaitable[tuple[float, Xml]]]
) -> Result:
    """Compares. ``operator`` gets the stage, the number of guests, and the number of its pair. It returns its seconds and the
    domains, which the plain loop then starts."""
    made: Xml = {}

    def ours(place: Stage, number: int) -> Figures:
        seconds, found = run(operator(place, count, number))
        made.clear()
        made.update(found)
        remove_all(place.connection)
        return {"seconds": seconds, "s_per_guest": seconds / count}

    def plain(place: Stage) -> Figures:
        seconds = plain_loop(place.connection, list(made.values()))
        remove_all(place.connection)
        return {"seconds": seconds}

    with stage() as place:
        return in_turn(name, count, budget, lambda number: ours(place, number), lambda number: plain(place))


def remove_all(connection: Any) -> None:
    with ThreadPoolExecutor(REQUESTS) as threads:
        list(threads.map(_remove, connection.listAllDomains()))


def _remove(domain: Any) -> None:
    if domain.isActive():
        domain.destroy()
    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
