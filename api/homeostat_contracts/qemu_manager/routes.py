"""QEMU Manager's API as it is served: its paths, its errors, and who may ask."""

from __future__ import annotations

from dataclasses import replace

from homeostat_api.http.answers.given_names import GivenNames
from homeostat_api.http.answers.web_files import ViewerPage, WebFile
from homeostat_api.http.contract import Contract, Entrance, Foundation
from homeostat_api.http.routes import Route

from .errors import ANSWERS
from .fleet import Fleet
from .iso_views import called
from .resources.console import MachineVnc
from .resources.devices import DiskAttach, DiskDetach, IsoMount, IsoUnmount
from .resources.disks import DiskUpload, ManagedDisk, ManagedDisks
from .resources.health import Health
from .resources.isos import IsoItem, IsoList, IsoUpload
from .resources.machines import ManagedMachine, ManagedMachines, ManagedResources
from .resources.power import ManagedStart, ManagedStop
from .unfinished import Unfinished
from .words import ErrorAnswer

HEALTH = "/api/health"
ADVICE = "Send a token of your account, or the server's: Authorization: Bearer TOKEN"


def qemu_manager(given: Foundation) -> Contract:
    """Returns the contract over what it is given."""
    fleet = Fleet(given)
    machine = "/api/vms/{vm_id}"
    routes = [
        Route("/api/vms", ManagedMachines(fleet)),
        Route(machine, ManagedMachine(fleet)),
        Route(f"{machine}/start", ManagedStart(fleet)),
        Route(f"{machine}/stop", ManagedStop(fleet)),
        Route(f"{machine}/resources", ManagedResources(fleet)),
        Route(f"{machine}/disks/attach", DiskAttach(fleet)),
        Route(f"{machine}/disks/detach", DiskDetach(fleet)),
        Route(f"{machine}/iso/mount", IsoMount(fleet)),
        Route(f"{machine}/iso/unmount", IsoUnmount(fleet)),
        Route("/api/disks", ManagedDisks(fleet)),
        Route("/api/disks/{disk_id}", ManagedDisk(fleet)),
        Route("/api/vnc/{vm_id}", MachineVnc(fleet, given.consoles)),
        Route("/api/disks/upload", DiskUpload(fleet)),
        Route("/api/isos", IsoList(fleet)),
        Route("/api/isos/upload", IsoUpload(fleet)),
        Route("/api/isos/{iso_id}", IsoItem(fleet)),
        Route("/vnc-viewer.html", ViewerPage(given.origins)),
        Route("/web/{file:path}", WebFile()),
        Route(HEALTH, Health(given.service)),
    ]
    answers = replace(ANSWERS, reworded=GivenNames(given.service, called))
    return Contract(
        "QEMU Manager",
        routes,
        answers,
        Entrance(ADVICE, for_everybody={HEALTH}),
        ErrorAnswer,
        HEALTH,
        keeps=Unfinished(given.service).keep,
    )
