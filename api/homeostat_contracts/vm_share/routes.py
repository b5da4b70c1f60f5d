"""VM-share's API as it is served: its paths, its errors, and who may ask. Its document names bare paths, its pages call them
below /auth and /vm: each is served at both."""

from __future__ import annotations

from dataclasses import replace

from homeostat.cli.configuration.sections import VmShareSection
from homeostat.models.quantity import parse_quantity
from homeostat_api.http.answers.given_names import GivenNames
from homeostat_api.http.answers.web_files import ViewerPage, WebFile
from homeostat_api.http.contract import Contract, Foundation
from homeostat_api.http.routes import Route

from .attendance import TIMEOUT, Attendance
from .errors import ANSWERS
from .isos import CustomIsos
from .lab import Lab
from .naming import called
from .outside import Feedback, Recaptcha
from .parts import LabParts
from .people import LabPeople, entrance
from .profiles import Profiles
from .resources.launching import IsoRun, ScriptRun, SnapshotRun
from .resources.overview import ActiveSessions, LabHealth, LabMetrics
from .resources.pages import LabPage
from .resources.screen import LabScreen
from .resources.sent import FeedbackPosting, IsoPosting
from .resources.session import LabLogin, LabLogout, LabMe, LabRegistration, LabUserInfo
from .resources.snapshots import SnapshotListing, SnapshotRemoval, SnapshotTaking
from .snapshots import SavedDisks
from .words import Detail

HEALTH = "/health"
ISO_MAX = "8Gi"
SNAPSHOT_MAX = "20Gi"
PAGES = ("/signup", "/profile", "/pages/signup.js", "/pages/profile.js", "/pages/pages.css")
FOR_EVERYBODY = frozenset({*PAGES, "/sessions/active", "/api/sessions/active", HEALTH})
SIGN_IN = frozenset(("POST", f"{prefix}/{name}") for prefix in ("", "/auth") for name in ("register", "login", "token"))


def vm_share(given: Foundation) -> Contract:
    """Returns the contract over what it is given."""
    settings = given.settings or VmShareSection()
    people, parts = LabPeople(given.accounts, settings), LabParts(given.service)
    lab = Lab(given.margin, parts, given.accounts)
    attendance = Attendance(given.service, parts, given.accounts, lab, float(settings.console_timeout or TIMEOUT))
    active = ActiveSessions(parts, attendance)
    routes = [
        *_of_people(given, settings, people, lab),
        *_of_machines(given, settings, people, lab, parts),
        Route("/sessions/active", active),
        Route("/api/sessions/active", active),
        Route("/metrics_json", LabMetrics(parts)),
        Route(HEALTH, LabHealth(given.service)),
        Route("/ws/{vmid}", LabScreen(given.service, parts, given.consoles)),
        Route("/novnc/vnc.html", ViewerPage(given.origins)),
        Route("/web/{file:path}", WebFile()),
        *(Route(path, LabPage(_file(path), settings.recaptcha_site_key)) for path in PAGES),
    ]
    answers = replace(ANSWERS, reworded=GivenNames(given.service, called))
    return Contract("VM-share", routes, answers, entrance(FOR_EVERYBODY, SIGN_IN), Detail, HEALTH, keeps=attendance.keep)


def _of_people(given: Foundation, settings: VmShareSection, people: LabPeople, lab: Lab) -> list[Route]:
    recaptcha = Recaptcha(settings)
    named = {
        "register": LabRegistration(people, recaptcha),
        "login": LabLogin(people, recaptcha),
        "token": LabLogin(people, recaptcha, alias=True),
        "logout": LabLogout(given.service, people, lab),
        "me": LabMe(people),
        "user_info": LabUserInfo(given.service, people, lab),
    }
    return [Route(f"{prefix}/{name}", resource) for name, resource in named.items() for prefix in ("", "/auth")]


def _of_machines(given: Foundation, settings: VmShareSection, people: LabPeople, lab: Lab, parts: LabParts) -> list[Route]:
    service, profiles = given.service, Profiles(settings)
    isos = CustomIsos(parts, _bytes(settings.iso_max or ISO_MAX))
    saved = SavedDisks(parts, _bytes(settings.snapshot_max or SNAPSHOT_MAX))
    named = {
        "run-script": ScriptRun(service, people, lab, profiles),
        "run-iso": IsoRun(service, people, lab, profiles, isos),
        "run_snapshot": SnapshotRun(service, people, lab, profiles, saved),
        "snapshot": SnapshotTaking(service, people, lab, saved),
        "get_user_snapshots": SnapshotListing(service, people, saved),
        "remove_snapshot": SnapshotRemoval(service, people, saved),
    }
    return [
        *(Route(f"{prefix}/{name}", resource) for name, resource in named.items() for prefix in ("", "/vm")),
        Route("/api/post", IsoPosting(service, people, isos)),
        Route("/feedback", FeedbackPosting(people, Feedback(settings))),
    ]


def _bytes(size: str) -> int:
    return parse_quantity(int(size) if size.isdigit() else size)


def _file(path: str) -> str:
    name = path.rpartition("/")[2]
    return name if "." in name else f"{name}.html"
